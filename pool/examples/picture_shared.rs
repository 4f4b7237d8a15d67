//! A picture drawn by a pool in memory that all processes share: nothing is
//! sent back.
//!
//! ```text
//! $ cargo run -q -p pool --example picture_shared
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
//! bytes in the results: 0
//! ```
//!
//! Python: `multiprocessing.Array('B', 1140, lock=False)`, given to the workers by
//! an `initializer` (docs/python/pool_picture_shared.py). What to notice: there
//! nothing keeps two tasks from writing the same row. Here a task claims its row,
//! gets it as a slice, and can write no other.
#![forbid(unsafe_code)]

use std::process::ExitCode;

use common::{program, say};
use multiproc::pool::Pool;
use multiproc::shared::{Array, OwnerDied};

const WIDTH: usize = 60;
const HEIGHT: usize = 19;

// ANCHOR: main
fn main() -> ExitCode {
    program::example(
        "Draws a picture in a pool, in memory that all share",
        || {
            // Before the pool: the workers inherit it.
            let picture = Array::in_parts(HEIGHT, WIDTH, |_| b' ')?;
            let pool = Pool::new(4, |y: usize| draw_row(y, &picture))?;
            let results: Vec<()> = pool.map(0..HEIGHT, Some(1))?;
            let pixels = picture.read(..).unwrap_or_else(OwnerDied::into_inner);
            for row in pixels.chunks(WIDTH) {
                say!("{}", String::from_utf8_lossy(row).trim_end());
            }
            say!("bytes in the results: {}", size_of_val(&results[..]));
            Ok(pool.close().join()?)
        },
    )
}

fn draw_row(y: usize, picture: &Array<u8>) {
    // A worker that died here may have drawn a part of the row. It is drawn in
    // full again, so what is there does not matter.
    let mut row = picture.write(y..=y).unwrap_or_else(OwnerDied::into_inner);
    for (x, place) in row.iter_mut().enumerate() {
        *place = pixel(x, y);
    }
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
