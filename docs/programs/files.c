/* Pulls the files of an artifact: files REFERENCE FOLDER [PLATFORM] */
#include <reggie.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Called for each event, on this thread; each transfer has its number. */
static int show(void *userdata, const reggie_progress *progress)
{
    int event = reggie_progress_event(progress);

    (void)userdata;
    if (reggie_progress_items(progress) > 0) /* of a batch */
        printf("item %lu (%lu of %lu done): ",
               (unsigned long)reggie_progress_index(progress),
               (unsigned long)reggie_progress_items_done(progress),
               (unsigned long)reggie_progress_items(progress));
    if (event == REGGIE_PROGRESS_END || event == REGGIE_PROGRESS_SKIP)
        printf("[%lu] %s: %s, %lu of %lu bytes of all\n",
               (unsigned long)reggie_progress_number(progress),
               reggie_progress_name(progress),
               event == REGGIE_PROGRESS_END ? "pulled" : "skipped",
               (unsigned long)reggie_progress_all_done(progress),
               (unsigned long)reggie_progress_all_total(progress));
    return 0;
}

/* Leaves out files whose names begin with a dot. */
static int select_file(void *userdata, const reggie_descriptor *parent,
                       const reggie_descriptor *item, int is_referrer, int *take)
{
    const char *title = reggie_descriptor_annotation(item, REGGIE_TITLE);

    (void)userdata;
    (void)parent;
    (void)is_referrer;
    if (title && title[0] == '.')
        *take = 0;
    return 0;
}

int main(int argc, char **argv)
{
    reggie_options *options = reggie_options_new();
    reggie_repository *repository = NULL;
    reggie_error *error = NULL;
    reggie_status status;

    if (argc < 3 || argc > 4) {
        fprintf(stderr, "usage: %s REFERENCE FOLDER [PLATFORM]\n", argv[0]);
        reggie_options_free(options);
        return EXIT_FAILURE;
    }
    status = reggie_repository_open(argv[1], NULL, &repository, &error);
    if (status == REGGIE_OK)
        status = reggie_options_set_parallel(options, 8);
    if (status == REGGIE_OK) /* 10 MB a second, for all files together */
        status = reggie_options_set_max_speed(options, 10 * 1000 * 1000, 0);
    if (status == REGGIE_OK)
        status = reggie_options_set_platform(options, argc > 3 ? argv[3] : NULL);
    if (status == REGGIE_OK)
        status = reggie_options_set_filter_callback(options, select_file, NULL,
                                                    NULL);
    if (status == REGGIE_OK)
        status = reggie_options_set_progress_callback(options, 0, show, NULL,
                                                      NULL);
    if (status == REGGIE_OK)
        status = reggie_pull_files(repository, NULL, argv[2], options, NULL,
                                   &error);
    if (status != REGGIE_OK)
        fprintf(stderr, "%s\n", error ? reggie_error_message(error)
                                      : reggie_status_string(status));
    reggie_error_free(error);
    reggie_repository_free(repository);
    reggie_options_free(options);
    return status == REGGIE_OK ? EXIT_SUCCESS : EXIT_FAILURE;
}
