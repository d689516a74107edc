/*
 * The time that a callback takes counts towards no time limit of a step: a call
 * whose callback takes longer than the limit goes on, and learns what has happened
 * meanwhile. Arguments: how, and the places of hang.h.
 */
#include "hang.h"

#define LIMIT_MS 3000

static int calls;

/* Called after a second without a response. */
static int on_progress(void *userdata, uint64_t sent, uint64_t send_total,
                       uint64_t received, uint64_t receive_total)
{
    (void)userdata;
    (void)sent;
    (void)send_total;
    (void)received;
    (void)receive_total;
    if (calls++ == 0) {
        sleep_ms(LIMIT_MS + 1000);
        control("/held");
        control("/over");
    }
    return 0;
}

static void run(void *context)
{
    size_t i;

    (void)context;
    for (i = 0; i < HANGS; i++) {
        struct scene scene;
        reggie_error *error = NULL;
        reggie_status status;

        if (strcmp(hangs[i].name, "silent") != 0 &&
            strcmp(hangs[i].name, "half-body") != 0)
            continue;
        calls = 0;
        begin(&scene, &hangs[i], LIMIT_MS, 0);
        CHECK_OK(reggie_request_set_progress_callback(scene.request, on_progress,
                                                      NULL, NULL), NULL);
        status = make_call(&scene, &error);
        CHECK(calls > 0);
        CHECK_FAILS(hangs[i].limit == STALL ? REGGIE_TRUNCATED : REGGIE_CLOSED,
                    status, error);
        end(&scene);
    }
}

int main(int count, char **arguments)
{
    CHECK_NUMBER(2 + PLACES, count);
    find_places(arguments + 2);
    return check_run(arguments[1], run, NULL);
}
