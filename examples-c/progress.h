/*
 * Shows the progress of a call about content: on a terminal, a line for each
 * blob and manifest that is being transferred, which is redrawn while it moves;
 * elsewhere only a line for each one that is done.
 *
 *     static struct progress_lines lines;
 *     reggie_options_set_progress_callback(options, 0, show_progress, &lines,
 *                                          NULL);
 */
#ifndef EXAMPLES_PROGRESS_H
#define EXAMPLES_PROGRESS_H

#include "common.h"

#include <string.h>
#include <unistd.h>

/* More transfers at once than the library starts by default; others have no
 * line until they are done. */
#define LINES_MAX 16
/* The width of a terminal: a line that is wrapped could not be redrawn. */
#define LINE_SIZE 80

struct progress_lines {
    size_t count;
    size_t numbers[LINES_MAX];
    char texts[LINES_MAX][LINE_SIZE];
};

/* What happens to the content, or NULL for the end of the call. */
static inline const char *progress_verb(const reggie_progress *progress)
{
    switch (reggie_progress_event(progress)) {
    case REGGIE_PROGRESS_END:
        return "done";
    case REGGIE_PROGRESS_SKIP: /* it was mounted, or exists */
        return "skipped";
    case REGGIE_PROGRESS_FAIL:
        return "failed";
    case REGGIE_PROGRESS_DONE:
        return NULL;
    }
    switch (reggie_progress_phase(progress)) {
    case REGGIE_PHASE_CHECK:
        return "checking";
    case REGGIE_PHASE_PULL:
        return "pulling";
    case REGGIE_PHASE_PUSH:
        return "pushing";
    case REGGIE_PHASE_COMMIT:
        return "storing";
    case REGGIE_PHASE_RETRY:
        return "retrying";
    }
    return "waiting";
}

static inline void progress_text(char *text, const char *verb,
                                 const reggie_progress *progress)
{
    const char *name = reggie_progress_name(progress);
    uint64_t total = reggie_progress_total(progress);
    int is_large = total >= 1048576; /* or unknown */
    const char *unit = is_large ? "MiB" : "KiB";
    double unit_size = is_large ? 1048576 : 1024;
    double done = (double)reggie_progress_done(progress) / unit_size;

    if (total == REGGIE_UNKNOWN_SIZE)
        snprintf(text, LINE_SIZE, "%-9s %-40.40s %8.1f %s", verb, name, done,
                 unit);
    else
        snprintf(text, LINE_SIZE, "%-9s %-40.40s %8.1f of %.1f %s", verb, name,
                 done, (double)total / unit_size, unit);
}

static inline void print_line(const char *text)
{
    write_safely(stdout, text);
    putchar('\n');
}

/* The callback. It runs on the thread that makes the call, one at a time. */
static inline int show_progress(void *userdata, const reggie_progress *progress)
{
    struct progress_lines *lines = (struct progress_lines *)userdata;
    const char *verb = progress_verb(progress);
    int event = reggie_progress_event(progress);
    size_t number = reggie_progress_number(progress);
    char text[LINE_SIZE] = "";
    size_t i;

    if (verb == NULL)
        return 0;
    progress_text(text, verb, progress);
    if (lines->count > 0) /* up to the first line, and clear to the end */
        printf("\033[%dA\033[J", (int)lines->count);
    for (i = 0; i < lines->count && lines->numbers[i] != number;)
        i++;
    if (event >= REGGIE_PROGRESS_END) {
        print_line(text); /* it stays above those that are redrawn */
        if (i < lines->count) {
            size_t after = --lines->count - i;

            memmove(&lines->numbers[i], &lines->numbers[i + 1],
                    after * sizeof lines->numbers[0]);
            memmove(lines->texts[i], lines->texts[i + 1],
                    after * sizeof lines->texts[0]);
        }
    } else if (isatty(STDOUT_FILENO)) {
        if (i == lines->count && event == REGGIE_PROGRESS_BEGIN && i < LINES_MAX)
            lines->numbers[lines->count++] = number;
        if (i < lines->count)
            memcpy(lines->texts[i], text, sizeof text);
    }
    for (i = 0; i < lines->count; i++)
        print_line(lines->texts[i]);
    fflush(stdout);
    return 0; /* continue */
}

#endif
