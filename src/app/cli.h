// The command line: `gridloom COMMAND ...`.
#pragma once

#include <memory>
#include <string>
#include <vector>

namespace gridloom::app {

struct Command {
  std::string name;  // its words, as in "account add"
  bool has_data_option = false;
};

// One use of the command line.
class CommandLine {
 public:
  CommandLine();
  CommandLine(const CommandLine&) = delete;
  CommandLine& operator=(const CommandLine&) = delete;
  ~CommandLine();

  // All that there are.
  [[nodiscard]] std::vector<Command> commands() const;
  // Carries the given one out. Returns the process' exit code. Once.
  [[nodiscard]] int run(int argc, const char* const* argv);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

[[nodiscard]] int run(int argc, char** argv);

}  // namespace gridloom::app
