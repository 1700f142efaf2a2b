//! Terraform plugin protocol 6 and go-plugin messages, generated and committed.
