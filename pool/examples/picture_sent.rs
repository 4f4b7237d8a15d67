//! A picture drawn by a pool: each row is sent back.
//!
//! ```text
//! $ cargo run -q -p pool --example picture_sent
//!           .....................--------::=+=@-----..........
//!          ...................----------:==@@*+:------........
//!         .................---------::::+@@@@@%+::------......
//!        ................--------:@%=+*#@#@@@@%@=@+::=:--.....
//!       ..............--------:::+=@@@@@@@@@@@@@@@@@@@=---....
//!       .........---::::---::::+#@@@@@@@@@@@@@@@@@@@@%+:---...
//!      ....--------::@*#+%=++++=@@@@@@@@@@@@@@@@@@@@@@@@:--...
//!      .----------:::=%@@@@@@@*%@@@@@@@@@@@@@@@@@@@@@@@+----..
//!      ------::::+#=*@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@+:----..
//!     @@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@*+::----..
//!      ------::::+#=*@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@+:----..
//!      .----------:::=%@@@@@@@*%@@@@@@@@@@@@@@@@@@@@@@@+----..
//!      ....--------::@*#+%=++++=@@@@@@@@@@@@@@@@@@@@@@@@:--...
//!       .........---::::---::::+#@@@@@@@@@@@@@@@@@@@@%+:---...
//!       ..............--------:::+=@@@@@@@@@@@@@@@@@@@=---....
//!        ................--------:@%=+*#@#@@@@%@=@+::=:--.....
//!         .................---------::::+@@@@@%+::------......
//!          ...................----------:==@@*+:------........
//!           .....................--------::=+=@-----..........
//! bytes in the results: 1140
//! ```
//!
//! Python: `rows = pool.map(draw_row, range(19))`. Beside it: `picture_shared`,
//! where the workers draw into memory that all of them share.
#![forbid(unsafe_code)]

use std::process::ExitCode;

use common::{program, say};
use multiproc::pool::Pool;

const WIDTH: usize = 60;
const HEIGHT: usize = 19;

// ANCHOR: main
fn main() -> ExitCode {
    program::example("Draws a picture in a pool, and sends each row back", || {
        let pool = Pool::new(4, |y: usize| draw_row(y))?;
        let picture: Vec<Vec<u8>> = pool.map(0..HEIGHT, Some(1))?;
        for row in &picture {
            say!("{}", String::from_utf8_lossy(row).trim_end());
        }
        let sent: usize = picture.iter().map(Vec::len).sum();
        say!("bytes in the results: {sent}");
        Ok(pool.close().join()?)
    })
}

fn draw_row(y: usize) -> Vec<u8> {
    (0..WIDTH).map(|x| pixel(x, y)).collect()
}
// ANCHOR_END: main

/// How soon `z² + c` leaves the circle of radius 2: the Mandelbrot set.
fn pixel(x: usize, y: usize) -> u8 {
    let (real, imaginary) = (x as f64 / 20.0 - 2.2, y as f64 / 9.0 - 1.0);
    let (mut a, mut b) = (0.0, 0.0);
    for shade in b"  ..--::++==**%%##" {
        if a * a + b * b > 4.0 {
            return *shade;
        }
        (a, b) = (a * a - b * b + real, 2.0 * a * b + imaginary);
    }
    b'@'
}
