//! A front-end that no program should meet.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

/// It answers all but orders, and keeps its connections; an order it counts, and ends the connection on which it came.
pub fn that_drops_orders() -> (SocketAddr, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("it is bound");
    let orders = Arc::new(AtomicUsize::new(0));
    let counted = orders.clone();
    thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let orders = counted.clone();
            // How a connection ends is the other side's business.
            thread::spawn(move || serve(stream, &orders).ok());
        }
    });
    (address, orders)
}

fn serve(mut stream: TcpStream, orders: &AtomicUsize) -> io::Result<()> {
    let mut requests = BufReader::new(stream.try_clone()?);
    loop {
        let mut first = String::new();
        if requests.read_line(&mut first)? == 0 {
            return Ok(());
        }
        let length = rest_of_head(&mut requests)?;
        requests.read_exact(&mut vec![0; length])?;
        if first.starts_with("POST ") {
            orders.fetch_add(1, Ordering::SeqCst);
            return Ok(());
        }
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n{\"data\":[]}")?;
    }
}

/// How long the body is.
fn rest_of_head(requests: &mut impl BufRead) -> io::Result<usize> {
    let mut length = 0;
    loop {
        let mut line = String::new();
        requests.read_line(&mut line)?;
        match line.split_once(':') {
            Some((name, value)) if name.eq_ignore_ascii_case("content-length") => {
                length = value.trim().parse().map_err(io::Error::other)?;
            }
            Some(_) => {}
            None => return Ok(length),
        }
    }
}
