/*
 * Calls that hang are ended in each of their steps, by each of the ways that
 * there are, and at once. Arguments: how, the places of hang.h, how often each
 * is tried, and the name of a step, or how several begin; "all" for all of them.
 * Tells for each way how long it took.
 */
#include "canceller.h"
#include "hang.h"

/* On an idle machine, 99 of 100 are to return within this time. */
#define SOON_US 50000
#define LEAST_LIMIT_MS 300

enum ending { BY_THREAD, BY_SIGNAL, BY_RESTARTING_SIGNAL, BY_LIMIT, BY_TIMEOUT };

static const char *const endings[] = {"thread", "signal", "restarting signal",
                                      "time limit", "timeout"};

static char **arguments;
static volatile int64_t triggered_at;
/* The longest that a call took to get to the step in which it hangs. */
static int64_t longest_way_us;

/* A thread that ends the call of another one. */
struct ender {
    const struct hang *hang;
    enum ending ending;
    reggie_cancel *cancel;
    pthread_t thread;
    char name[128];
};

static void *end_it(void *context)
{
    struct ender *ender = (struct ender *)context;

    wait_until_it_hangs(ender->hang, ender->name);
    triggered_at = now_us();
    cancel_call(ender->thread, ender->cancel, ender->ending != BY_THREAD);
    return NULL;
}

/* Ends a call by a trigger; tells how long after it the call returned. */
static int64_t cancelled(const struct hang *hang, enum ending ending)
{
    struct scene scene;
    struct ender ender;
    reggie_error *error = NULL;
    reggie_status status;
    pthread_t thread;
    int64_t begun;
    int64_t time;

    begin(&scene, hang, 0, 0);
    ender.hang = hang;
    ender.ending = ending;
    ender.cancel = scene.cancel;
    ender.thread = pthread_self();
    name_thread(ender.name, sizeof ender.name);
    handlers_cancel = scene.cancel;
    catch_signal(ending == BY_RESTARTING_SIGNAL);
    begun = now_us();
    thread = check_start(end_it, &ender, 0);
    status = make_call(&scene, &error);
    time = now_us();
    CHECK_NUMBER(0, pthread_join(thread, NULL));
    time -= triggered_at;
    if (triggered_at - begun > longest_way_us)
        longest_way_us = triggered_at - begun;
    CHECK_NUMBER(0, reggie_error_is_retryable(error));
    CHECK_TEXT(hang->step, reggie_error_step(error));
    CHECK_FAILS(REGGIE_CANCELLED, status, error);
    CHECK_NUMBER(1, reggie_cancel_is_triggered(scene.cancel));
    end(&scene);
    return time;
}

/*
 * Lets a call end by itself; tells how long after its time it returned. Several
 * times what it took to get there is enough on a busy machine too.
 */
static int64_t out_of_time(const struct hang *hang, enum ending ending)
{
    int by_limit = ending == BY_LIMIT;
    int64_t way = longest_way_us / 1000;
    int64_t limit = 5 * way > LEAST_LIMIT_MS ? 5 * way : LEAST_LIMIT_MS;
    /* Something moved in the first window, nothing does in the second. */
    int64_t given = hang->limit == STALL ? limit / 2 : limit;
    struct scene scene;
    reggie_error *error = NULL;
    reggie_status status;
    int64_t time;

    begin(&scene, hang, by_limit ? given : 0, by_limit ? 0 : limit);
    time = now_us();
    status = make_call(&scene, &error);
    time = now_us() - time;
    CHECK(time >= (by_limit ? given : limit) * 1000);
    CHECK_TEXT(hang->step, reggie_error_step(error));
    CHECK_FAILS(by_limit ? REGGIE_TIMEOUT : REGGIE_DEADLINE, status, error);
    if (is_told(hang))
        control("/held");
    end(&scene);
    return time - limit * 1000;
}

static int is_possible(const struct hang *hang, enum ending ending)
{
    switch (ending) {
    case BY_LIMIT:
        return hang->limit != NO_LIMIT && hang->limit != NO_TIME;
    case BY_TIMEOUT:
        return hang->limit != NO_TIME;
    default:
        return 1;
    }
}

static void try_often(const struct hang *hang, enum ending ending, int tries)
{
    int64_t worst = 0;
    int soon = 0;
    int i;

    for (i = 0; i < tries; i++) {
        int64_t time = ending < BY_LIMIT ? cancelled(hang, ending)
                                         : out_of_time(hang, ending);

        CHECK(time <= LATEST_US);
        worst = time > worst ? time : worst;
        soon += time <= SOON_US;
    }
    printf("%-14s %-17s %d of %d within %d ms, latest %.1f ms\n", hang->name,
           endings[ending], soon, tries, SOON_US / 1000, (double)worst / 1000);
}

/* Lets the look-ups end that were left behind: what they hold goes with them. */
static void end_lookups(int before)
{
    const char *end = getenv("REGGIE_TEST_LOOKUPS_END");
    FILE *file = end != NULL ? fopen(end, "w") : NULL;

    if (file != NULL)
        CHECK_NUMBER(0, fclose(file));
    while (open_descriptors() > before)
        sleep_ms(10);
    CHECK_NUMBER(before, open_descriptors());
}

static void run(void *context)
{
    int tries = atoi(arguments[2 + PLACES]);
    const char *name = arguments[3 + PLACES];
    int all = strcmp(name, "all") == 0;
    int before = open_descriptors();
    size_t i;
    /* Many tries are for the triggers: limits are no sooner than they are set. */
    int last = tries > 1 ? BY_RESTARTING_SIGNAL : BY_TIMEOUT;
    int ending;

    (void)context;
    find_places(arguments + 2);
    for (i = 0; i < HANGS; i++) {
        if (!all && strncmp(name, hangs[i].name, strlen(name)) != 0)
            continue;
        longest_way_us = 0;
        for (ending = BY_THREAD; ending <= last; ending++)
            if (is_possible(&hangs[i], (enum ending)ending))
                try_often(&hangs[i], (enum ending)ending, tries);
    }
    end_lookups(before);
}

int main(int count, char **values)
{
    CHECK_NUMBER(4 + PLACES, count);
    setvbuf(stdout, NULL, _IOLBF, 0);
    arguments = values;
    return check_run(arguments[1], run, NULL);
}
