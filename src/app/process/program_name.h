// How the program is called in commands that people are to type.
#pragma once

#include <string>

namespace gridloom::app {

// The program as it can be typed in this folder: its path, if the shell would not find it.
[[nodiscard]] std::string program_name();

}  // namespace gridloom::app
