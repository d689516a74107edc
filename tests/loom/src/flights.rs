//! One fetches, others wait: nobody waits for ever, all see the same end.

use loom::sync::Arc;
use loom::thread;

use super::event::Event;
use super::flight::{Flight, Outcome, Wake};

impl Wake for Event {
    fn wake(&self) {
        self.happen();
    }
}

type Fetch = Flight<u32, (), Event>;

fn wait(fetch: &Fetch) -> u32 {
    let event = Arc::new(Event::new());
    let outcome = match fetch.outcome_or_wake(&event) {
        Some(outcome) => outcome,
        None => {
            event.wait();
            fetch.outcome().expect("woken at the end")
        }
    };
    match outcome {
        Outcome::Done(value) => value,
        _ => 0,
    }
}

#[test]
fn whoever_comes_before_or_after_the_end_sees_it() {
    let mut model = loom::model::Builder::new();
    // Three threads have too many orders; these are the likeliest to differ.
    model.preemption_bound = Some(2);
    model.check(|| {
        let fetch = Arc::new(Fetch::new());
        let waiting: Vec<_> = (0..2)
            .map(|_| {
                let fetch = Arc::clone(&fetch);
                thread::spawn(move || wait(&fetch))
            })
            .collect();
        fetch.end(Outcome::Done(7));
        // A fetcher that is dropped afterwards changes nothing.
        fetch.end(Outcome::Abandoned(None));
        for one in waiting {
            assert_eq!(one.join().expect("no panic"), 7);
        }
    });
}

#[test]
fn one_that_waits_no_more_does_not_hold_up_the_others() {
    let mut model = loom::model::Builder::new();
    model.preemption_bound = Some(2);
    model.check(|| {
        let fetch = Arc::new(Fetch::new());
        let other = Arc::clone(&fetch);
        let gone = thread::spawn(move || {
            let event = Arc::new(Event::new());
            other.outcome_or_wake(&event);
            other.forget(&event);
        });
        let other = Arc::clone(&fetch);
        let stays = thread::spawn(move || wait(&other));
        fetch.end(Outcome::Done(7));
        gone.join().expect("no panic");
        assert_eq!(stays.join().expect("no panic"), 7);
    });
}
