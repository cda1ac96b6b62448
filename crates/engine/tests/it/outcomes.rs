//! smoke

use crate::app::*;

#[tokio::test]
async fn smoke() {
    let start = std::time::Instant::now();
    let app = TestApp::new().await;
    eprintln!("opened {:?}", start.elapsed());
    for _ in 0..3 {
        let start = std::time::Instant::now();
        let death = Death::never();
        let fate = app.run_until(&Ask::default(), &death).await;
        let Fate::Ended(Ok(outcome)) = fate else { panic!("{fate:?}") };
        eprintln!("ran {:?}: {} points; {:?}", start.elapsed(), death.passed(), outcome.delivery);
    }
    for taken in app.world.taken() {
        eprintln!("{taken:?} {}", taken.asked());
    }
    eprintln!("{:?}", app.who_has());
}
