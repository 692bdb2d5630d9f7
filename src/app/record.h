// `gridloom record`: what is said by and to devices of a running server, into a transcript.
#pragma once

#include <functional>
#include <memory>

namespace CLI {  // NOLINT(readability-identifier-naming): the library's name
class App;
}

namespace gridloom::app {

// Adds it to the command line; as add_backup() does.
[[nodiscard]] std::shared_ptr<void> add_record(CLI::App& app, std::function<int()>& chosen);

}  // namespace gridloom::app
