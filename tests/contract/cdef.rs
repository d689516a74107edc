//! The declarations of the header for binding generators without a preprocessor.

use std::fmt::Write;

const HEAD: &str = "\
/*
 * The declarations of reggie.h without preprocessor directives, for cffi and other
 * binding generators. Generated together with reggie.h, which has the comments.
 * String constants, such as REGGIE_GET, are missing: they are not declarations.
 */
";

/// The declarations of `header`. Constants become enumerators, or, if they do not
/// fit into an int, objects.
pub(crate) fn declarations(header: &str) -> String {
    let mut constants = String::new();
    let mut objects = String::new();
    let mut rest = String::new();
    let mut in_comment = false;
    for line in header.lines() {
        in_comment |= line.starts_with("/*");
        if in_comment {
            in_comment = !line.ends_with("*/");
            continue;
        }
        if let Some(definition) = line.strip_prefix("#define ") {
            let (name, value) = definition.split_once(' ').unwrap_or((definition, ""));
            if value.parse::<i32>().is_ok() {
                let _ = writeln!(constants, "    {name} = {value},");
            } else if value == "UINT64_MAX" {
                let _ = writeln!(objects, "static const uint64_t {name} = {}u;", u64::MAX);
            }
            continue;
        }
        let is_other = line.starts_with(['#', '/', '}']) || line.starts_with("extern \"C\"");
        let line = line.strip_prefix("REGGIE_MUST_USE").unwrap_or(line);
        if !is_other && !line.is_empty() {
            let line = line
                .strip_prefix(' ')
                .filter(|rest| !rest.starts_with(' '))
                .unwrap_or(line);
            rest.push_str(line);
            rest.push('\n');
        }
    }
    let constants = constants.trim_end_matches(",\n");
    format!("{HEAD}\nenum {{\n{constants}\n}};\n\n{objects}\n{rest}")
}

#[test]
fn constants_and_functions_are_declared_and_directives_are_not() {
    let header = "\
/**
 * reggie_manual()
 */
#ifndef REGGIE_H
#include <stdint.h>
/// A string.
#define REGGIE_GET \"GET\"
/// One.
#define REGGIE_ONE 1
#define REGGIE_LARGE UINT64_MAX
#ifdef __cplusplus
extern \"C\" {
#endif
typedef struct reggie_a reggie_a;
REGGIE_MUST_USE
int reggie_f(reggie_a *a,
             int b);
REGGIE_MUST_USE reggie_a *reggie_a_new(void);
#ifdef __cplusplus
}
#endif
#endif /* REGGIE_H */
";
    let expected = "
enum {
    REGGIE_ONE = 1
};

static const uint64_t REGGIE_LARGE = 18446744073709551615u;

typedef struct reggie_a reggie_a;
int reggie_f(reggie_a *a,
             int b);
reggie_a *reggie_a_new(void);
";
    assert_eq!(declarations(header), format!("{HEAD}{expected}"));
}
