//! Slots: never more than there are, none lost, nobody waits for ever.

use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::SeqCst;

use loom::sync::Arc;
use loom::thread;

use super::event::Event;
use super::slots::Slots;

type Turns = Slots<u8, Event>;

/// How many have a slot; what only assertions read is no step of the model.
#[derive(Default)]
struct Used(AtomicUsize);

impl Used {
    fn once(&self, most: usize) {
        assert!(self.0.fetch_add(1, SeqCst) < most, "more than there may be");
        thread::yield_now();
        self.0.fetch_sub(1, SeqCst);
    }
}

/// As the library takes one.
fn take(turns: &Turns) {
    if turns.take(&0) {
        return;
    }
    let event = Arc::new(Event::new());
    if !turns.take_or_queue(&0, &event) {
        event.wait();
    }
}

fn give_back(turns: &Turns) {
    if let Some(next) = turns.give_back(&0) {
        next.happen();
    }
}

fn model() -> loom::model::Builder {
    let mut model = loom::model::Builder::new();
    model.preemption_bound = Some(2);
    model
}

/// All slots are free again, and nothing is kept of who had them.
fn assert_all_free(turns: &Turns) {
    for _ in 0..turns.max() {
        assert!(turns.take(&0), "a slot is lost");
    }
    assert!(!turns.take(&0), "a slot too many");
}

#[test]
fn all_get_their_turn_and_never_too_many_at_once() {
    for most in [1, 2] {
        model().check(move || {
            let turns = Arc::new(Turns::new(most));
            let used = Arc::new(Used::default());
            let threads: Vec<_> = (0..most + 1)
                .map(|_| {
                    let (turns, used) = (Arc::clone(&turns), Arc::clone(&used));
                    thread::spawn(move || {
                        take(&turns);
                        used.once(most);
                        give_back(&turns);
                    })
                })
                .collect();
            for thread in threads {
                thread.join().expect("no panic");
            }
            assert_all_free(&turns);
        });
    }
}

#[test]
fn a_slot_that_comes_too_late_goes_on_to_the_next() {
    static LATE: AtomicUsize = AtomicUsize::new(0);
    model().check(|| {
        let turns = Arc::new(Turns::new(1));
        assert!(turns.take(&0));
        let other = Arc::clone(&turns);
        let impatient = thread::spawn(move || {
            let event = Arc::new(Event::new());
            if other.take_or_queue(&0, &event) {
                give_back(&other);
            } else if !other.leave(&0, &event) {
                LATE.fetch_add(1, SeqCst);
                give_back(&other);
            }
        });
        let other = Arc::clone(&turns);
        let patient = thread::spawn(move || {
            take(&other);
            give_back(&other);
        });
        give_back(&turns);
        impatient.join().expect("no panic");
        patient.join().expect("no panic");
        assert_all_free(&turns);
    });
    assert!(LATE.load(SeqCst) > 0, "that was among the orders");
}

#[test]
fn who_has_waited_longest_is_next() {
    model().check(|| {
        let turns = Arc::new(Turns::new(1));
        assert!(turns.take(&0));
        let [first, second] = [(); 2].map(|()| Arc::new(Event::new()));
        assert!(!turns.take_or_queue(&0, &first));
        assert!(!turns.take_or_queue(&0, &second));
        let other = Arc::clone(&turns);
        let newcomer = thread::spawn(move || {
            assert!(!other.take(&0), "nobody overtakes those who wait");
        });
        give_back(&turns);
        assert!(first.has_happened() && !second.has_happened());
        give_back(&turns);
        assert!(second.has_happened());
        newcomer.join().expect("no panic");
        give_back(&turns);
        assert_all_free(&turns);
    });
}

#[test]
fn each_host_has_its_own() {
    model().check(|| {
        let turns = Arc::new(Turns::new(1));
        let other = Arc::clone(&turns);
        let there = thread::spawn(move || assert!(other.take(&1)));
        assert!(turns.take(&0));
        there.join().expect("no panic");
        assert!(!turns.take(&0) && !turns.take(&1));
    });
}

#[test]
fn an_extra_slot_is_not_passed_on() {
    model().check(|| {
        let turns = Arc::new(Turns::new(1));
        assert!(turns.take(&0));
        turns.take_extra(&0);
        let other = Arc::clone(&turns);
        let waiting = thread::spawn(move || {
            take(&other);
            give_back(&other);
        });
        give_back(&turns);
        give_back(&turns);
        waiting.join().expect("no panic");
        assert_all_free(&turns);
    });
}

/// As a call takes several at once.
fn take_two(turns: &Turns) {
    let event = Arc::new(Event::new());
    if !turns.take_all_or_queue(&0, 2, &event) {
        event.wait();
    }
}

#[test]
fn those_that_need_two_get_both_or_wait_with_none() {
    model().check(|| {
        let turns = Arc::new(Turns::new(2));
        let threads: Vec<_> = [2, 2, 1]
            .into_iter()
            .map(|count| {
                let turns = Arc::clone(&turns);
                thread::spawn(move || {
                    match count {
                        1 => take(&turns),
                        _ => take_two(&turns),
                    }
                    for _ in 0..count {
                        give_back(&turns);
                    }
                })
            })
            .collect();
        for thread in threads {
            thread.join().expect("no panic");
        }
        assert_all_free(&turns);
    });
}

#[test]
fn one_that_leaves_lets_those_behind_it_pass() {
    model().check(|| {
        let turns = Arc::new(Turns::new(2));
        assert!(turns.take(&0));
        let (leaving, waiting) = (Arc::clone(&turns), Arc::clone(&turns));
        let leaver = thread::spawn(move || {
            let event = Arc::new(Event::new());
            let has_both = leaving.take_all_or_queue(&0, 2, &event);
            if !has_both && leaving.leave(&0, &event) {
                while let Some(next) = leaving.next(&0) {
                    next.happen();
                }
            } else {
                give_back(&leaving);
                give_back(&leaving);
            }
        });
        // A slot is free for it all the time.
        let other = thread::spawn(move || {
            take(&waiting);
            give_back(&waiting);
        });
        other.join().expect("no panic");
        leaver.join().expect("no panic");
        give_back(&turns);
        assert_all_free(&turns);
    });
}
