//! The gRPC API of Online Boutique and of gRPC health checking, generated and committed.
