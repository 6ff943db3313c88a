//! The pace of requests to an account, on tokio's paused clock.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use telform::http::WaitReason;
use telform::http::rate_limiter::RateLimiter;
use tokio::time::{Instant, sleep};

#[tokio::test(start_paused = true)]
async fn a_minutes_worth_goes_at_once_and_the_rest_in_step() {
    let pace = RateLimiter::new(Some(60), 4, 1);
    let start = Instant::now();
    for _ in 0..60 {
        drop(pace.acquire(false).await);
    }
    assert_eq!(start.elapsed(), Duration::ZERO);
    for second in 1..=5 {
        drop(pace.acquire(false).await);
        let late = start.elapsed().abs_diff(Duration::from_secs(second));
        assert!(late < Duration::from_millis(10), "{:?}", start.elapsed());
    }
}

#[tokio::test(start_paused = true)]
async fn silence_earns_no_more_than_a_minutes_worth() {
    let pace = RateLimiter::new(Some(6), 4, 1);
    sleep(Duration::from_secs(3600)).await;
    let start = Instant::now();
    for _ in 0..7 {
        drop(pace.acquire(false).await);
    }
    let late = start.elapsed().abs_diff(Duration::from_secs(10));
    assert!(late < Duration::from_millis(10), "{:?}", start.elapsed());
}

#[tokio::test(start_paused = true)]
async fn without_a_rate_nothing_waits() {
    let pace = RateLimiter::new(None, 8, 1);
    let start = Instant::now();
    for _ in 0..10_000 {
        drop(pace.acquire(false).await);
    }
    assert_eq!(start.elapsed(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn all_workers_fall_silent_after_a_429() {
    let pace = Arc::new(RateLimiter::new(None, 8, 1));
    pace.pause_for(Duration::from_secs(30));
    // A shorter silence does not end a longer one.
    pace.pause_for(Duration::from_secs(1));
    let start = Instant::now();
    let workers: Vec<_> = (0..4)
        .map(|_| {
            let pace = pace.clone();
            tokio::spawn(async move { drop(pace.acquire(false).await) })
        })
        .collect();
    sleep(Duration::from_secs(10)).await;
    assert!(workers.iter().all(|worker| !worker.is_finished()));
    // Reported again while they sleep.
    pace.pause_for(Duration::from_secs(40));
    for worker in workers {
        worker.await.expect("no panic");
    }
    assert!(start.elapsed() >= Duration::from_secs(50), "{:?}", start.elapsed());
    assert!(start.elapsed() < Duration::from_secs(51), "{:?}", start.elapsed());
}

#[tokio::test(start_paused = true)]
async fn no_more_than_so_many_in_flight_and_writes_apart_from_reads() {
    let pace = Arc::new(RateLimiter::new(None, 3, 1));
    let (now, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let workers: Vec<_> = (0..10)
        .map(|_| {
            let (pace, now, most) = (pace.clone(), now.clone(), most.clone());
            tokio::spawn(async move {
                let permit = pace.acquire(false).await;
                most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                sleep(Duration::from_secs(1)).await;
                now.fetch_sub(1, Ordering::SeqCst);
                drop(permit);
            })
        })
        .collect();
    let start = Instant::now();
    sleep(Duration::from_millis(1)).await;
    drop(pace.acquire(true).await);
    assert!(start.elapsed() < Duration::from_millis(5), "a write does not wait for reads");
    for worker in workers {
        worker.await.expect("no panic");
    }
    assert_eq!(most.load(Ordering::SeqCst), 3);
    assert!(start.elapsed() >= Duration::from_secs(4));
}

#[tokio::test(start_paused = true)]
async fn whoever_waits_says_how_long_and_what_for() {
    let told = std::sync::Mutex::new(Vec::new());
    let waits = |pause: Duration, why| told.lock().expect("whole").push((pause.as_millis(), why));
    let pace = RateLimiter::new(Some(2), 4, 1);
    for _ in 0..3 {
        drop(pace.acquire_reporting(false, waits).await);
    }
    // Nothing was reported for the two that could go at once.
    let rhythm = WaitReason::Rhythm { per_minute: 2 };
    assert!(matches!(&told.lock().expect("whole")[..], [(29_990..=30_000, why)] if *why == rhythm), "{told:?}");
    // A pause that is longer than the rate limit decides.
    pace.pause_for(Duration::from_secs(50));
    drop(pace.acquire_reporting(false, waits).await);
    assert!(matches!(told.lock().expect("whole")[1..], [(49_990..=50_000, WaitReason::Asked)]), "{told:?}");
}
