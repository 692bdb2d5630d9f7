// Secret keys and tokens that a user gives to a command. They are never arguments, because the list
// of processes shows those: they come from a file, from standard input, or are typed unseen.
#pragma once

#include <string>

#include "base/result.h"
#include "base/secret.h"

namespace gridloom::app {

// The first line of the file; "-" is standard input, of which exactly one line is read. The error
// begins with the name of the file.
[[nodiscard]] Result<Secret> secret_in_file(const std::string& file);

// One line of standard input. A terminal is asked for it, and does not show it.
[[nodiscard]] Result<Secret> typed_secret();

}  // namespace gridloom::app
