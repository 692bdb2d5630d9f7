// The common part of `gridloom account` and `gridloom device`: a subcommand sends one request to
// the server, or to the folder of a stopped one, and prints the answer.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "app/command_line/command.h"
#include "base/result.h"
#include "wire/json.h"

namespace gridloom::app {

struct AdminArguments {
  std::string data;
  std::string devices;  // folder with device files, for a stopped server
  bool json = false;
};

// Adds a subcommand with --data, --devices and --json; `run` returns the exit code.
CLI::App* add_admin_command(CLI::App& parent, const std::string& name, const std::string& help,
                            AdminArguments& arguments, std::function<int()>& chosen,
                            std::function<int()> run);

// Sends the request.
[[nodiscard]] Result<wire::Json> ask(const AdminArguments& arguments,
                                     const wire::JsonObject& request);
// Sends the request and prints the object in the answer. Returns the exit code.
[[nodiscard]] int ask_and_print(const AdminArguments& arguments, const wire::JsonObject& request);

// kNotFound: there is no such account; the message offers the nearest names.
[[nodiscard]] Status check_account(const AdminArguments& arguments, std::string_view name);

}  // namespace gridloom::app
