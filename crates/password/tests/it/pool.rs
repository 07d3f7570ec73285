//! The pool's bounds. tokio's one thread for blocking work is occupied, so that a hash which has
//! its turn does not end before the test wants it to.

use std::sync::mpsc;

use futures_util::poll;
use password::{Error, Load, Passwords, Settings, Verdict};
use tokio::{runtime::Builder, task};

use crate::{TINY, secret};

fn on_one_thread(test: impl Future<Output = ()>) {
    let runtime = Builder::new_current_thread().max_blocking_threads(1).build().unwrap();
    runtime.block_on(test);
}

fn pool(at_once: usize, waiting: usize) -> Passwords {
    Passwords::new(Settings { at_once, waiting, ..TINY }).unwrap()
}

fn inside(passwords: &Passwords) -> (usize, usize) {
    let Load { running, waiting, .. } = passwords.load();
    (running, waiting)
}

/// Occupies the thread until what it gives is dropped.
fn occupy() -> mpsc::Sender<()> {
    let (release, released) = mpsc::channel::<()>();
    task::spawn_blocking(move || released.recv());
    release
}

#[test]
fn r6_one_more_than_may_wait_is_refused_at_once() {
    on_one_thread(async {
        let passwords = pool(1, 1);
        let occupied = occupy();
        let mut first = Box::pin(passwords.hash(secret("first"), [1; 16]));
        let mut second = Box::pin(passwords.verify(secret("second"), None));
        assert!(poll!(&mut first).is_pending());
        assert_eq!(inside(&passwords), (1, 0));
        assert!(poll!(&mut second).is_pending());
        assert_eq!(inside(&passwords), (1, 1));

        assert_eq!(passwords.hash(secret("third"), [3; 16]).await, Err(Error::Busy));
        assert_eq!(passwords.clone().verify(secret("third"), None).await, Err(Error::Busy));
        assert_eq!(inside(&passwords), (1, 1));
        assert_eq!(passwords.load().refused, 2);
        assert_eq!(passwords.load().computed, 0);

        drop(occupied);
        let stored = first.await.unwrap();
        assert_eq!(second.await, Ok(Verdict::Wrong));
        let verdict = passwords.verify(secret("first"), Some(stored)).await;
        assert_eq!(verdict, Ok(Verdict::Right { outdated: false }));
        let load = Load { running: 0, waiting: 0, computed: 3, refused: 2 };
        assert_eq!(passwords.load(), load);
    });
}

#[test]
fn r6_who_gives_up_does_not_get_round_the_bound() {
    on_one_thread(async {
        let passwords = pool(1, 1);
        let occupied = occupy();
        let mut first = Box::pin(passwords.verify(secret("first"), None));
        let mut second = Box::pin(passwords.verify(secret("second"), None));
        assert!(poll!(&mut first).is_pending());
        assert!(poll!(&mut second).is_pending());

        // One that waits frees its place, one that has its turn doesn't
        drop(second);
        assert_eq!(inside(&passwords), (1, 0));
        drop(first);
        assert_eq!(inside(&passwords), (1, 0));
        let mut third = Box::pin(passwords.verify(secret("third"), None));
        assert!(poll!(&mut third).is_pending());
        assert_eq!(inside(&passwords), (1, 1));
        assert_eq!(passwords.verify(secret("fourth"), None).await, Err(Error::Busy));

        drop(occupied);
        assert_eq!(third.await, Ok(Verdict::Wrong));
        assert_eq!(inside(&passwords), (0, 0));
    });
}

#[test]
fn without_waiting_only_turns_count() {
    on_one_thread(async {
        let passwords = pool(2, 0);
        let occupied = occupy();
        let mut first = Box::pin(passwords.verify(secret("first"), None));
        let mut second = Box::pin(passwords.verify(secret("second"), None));
        assert!(poll!(&mut first).is_pending());
        assert!(poll!(&mut second).is_pending());
        assert_eq!(inside(&passwords), (2, 0));
        assert_eq!(passwords.verify(secret("third"), None).await, Err(Error::Busy));
        drop(occupied);
        assert_eq!(first.await, Ok(Verdict::Wrong));
        assert_eq!(second.await, Ok(Verdict::Wrong));
        assert_eq!(passwords.verify(secret("third"), None).await, Ok(Verdict::Wrong));
    });
}
