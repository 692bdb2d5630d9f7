// The command line: `gridloom COMMAND ...`.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "app/options.h"
#include "base/result.h"

namespace gridloom::app {

struct Command {
  std::string name;  // the words of the command, as in "account add"
  bool has_data_option = false;
};

// Parses and runs one command line.
class CommandLine {
 public:
  CommandLine();
  CommandLine(const CommandLine&) = delete;
  CommandLine& operator=(const CommandLine&) = delete;
  ~CommandLine();

  // All commands.
  [[nodiscard]] std::vector<Command> commands() const;
  // Parses and runs the given command line. Returns the exit code of the process. Call only once.
  [[nodiscard]] int run(int argc, const char* const* argv);
  // The options that `gridloom --config FILE serve` would have. kBadParams: the detail has the file
  // and the line that is wrong. Call only once, and not with run().
  [[nodiscard]] Result<ServeOptions> options_of_file(const std::string& file);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

[[nodiscard]] int run(int argc, char** argv);

}  // namespace gridloom::app
