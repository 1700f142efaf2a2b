//! A visitor with a session of their own, who speaks plain HTTP/1.1 and follows no redirect by themselves.

use std::{
    io::{Read, Write},
    net::TcpStream,
    time::Duration,
};

pub(crate) struct Browser {
    port: u16,
    session: String,
    pub(crate) currency: Option<String>,
    /// Further lines of every request's head.
    pub(crate) headers: String,
}

#[derive(Debug)]
pub(crate) struct Page {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Page {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let start = format!("{name}: ").to_lowercase();
        self.head.lines().find(|line| line.to_lowercase().starts_with(&start)).map(|line| &line[start.len()..])
    }
}

impl Browser {
    pub(crate) fn new(port: u16, session: &str) -> Self {
        Self { port, session: session.to_owned(), currency: None, headers: String::new() }
    }

    pub(crate) fn get(&self, path: &str) -> Page {
        self.send("GET", path, "")
    }

    pub(crate) fn post(&self, path: &str, form: &str) -> Page {
        self.send("POST", path, form)
    }

    pub(crate) fn home(&self) -> Page {
        self.get("/")
    }

    pub(crate) fn product(&self) -> Page {
        self.get("/product/OLJCESPC7Z")
    }

    pub(crate) fn add(&self) -> Page {
        self.post("/cart", "product_id=OLJCESPC7Z&quantity=1")
    }

    pub(crate) fn cart(&self) -> Page {
        self.get("/cart")
    }

    pub(crate) fn check_out(&self) -> Page {
        self.check_out_with("4432801561520454", "2039")
    }

    pub(crate) fn check_out_with(&self, card: &str, year: &str) -> Page {
        self.post(
            "/cart/checkout",
            &format!(
                "email=someone%40example.com&street_address=1600+Amphitheatre+Parkway&zip_code=94043&\
                 city=Mountain+View&state=CA&country=United+States&credit_card_number={card}&\
                 credit_card_expiration_month=1&credit_card_expiration_year={year}&credit_card_cvv=672"
            ),
        )
    }

    fn send(&self, method: &str, path: &str, body: &str) -> Page {
        let currency = self.currency.as_ref().map_or_else(String::new, |code| format!("; shop_currency={code}"));
        let cookie = match self.session.as_str() {
            "" => String::new(),
            session => format!("Cookie: shop_session-id={session}{currency}\r\n"),
        };
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).expect("the frontend accepts");
        stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        let (length, headers) = (body.len(), &self.headers);
        let request = format!(
            "{method} {path} HTTP/1.1\r\nHost: shop.local\r\nConnection: close\r\n{cookie}{headers}Content-Length: {length}\r\n\
             Content-Type: application/x-www-form-urlencoded\r\n\r\n{body}"
        );
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).expect("the frontend answers");
        let answer = String::from_utf8(answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status line");
        Page { status, head: head.to_owned(), body: body.to_owned() }
    }
}
