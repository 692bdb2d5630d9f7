// The command line: `gridloom VERB ...`.
#pragma once

namespace gridloom::app {

[[nodiscard]] int run(int argc, char** argv);

}  // namespace gridloom::app
