// Commands that are operations of administration (app/operations/table.h): the help of a command,
// and the help and the checks of its arguments and options, are the table's.
//
// A command that only maps its arguments to parameters is declared by add_operation_command(). One
// that does more (reads a file, asks for several operations, prints a table) has a function of its
// own, and takes from the table what is the same.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "app/command_line/command.h"
#include "app/operations/operation.h"
#include "base/result.h"
#include "wire/json.h"

namespace gridloom::app {

// The options of a subcommand that sends one request to the server, or to the folder of a stopped
// one, and prints the answer.
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

// The help of a command: what the operation does.
[[nodiscard]] std::string operation_text(std::string_view operation);
// The help of an option: what the parameter is.
[[nodiscard]] std::string_view parameter_text(std::string_view operation,
                                              std::string_view parameter);

// Declares an argument or an option for a parameter. Whether it is required and the range of a
// whole number are the table's; other limits are left to the operation, whose message names the
// parameter.
template <OptionValue T>
Option add_parameter(CLI::App& command, std::string_view operation, std::string_view parameter,
                     const std::string& names, T& value, const char* placeholder);

// How a device is named where the operation wants its serial number.
enum class DeviceNaming : std::uint8_t {
  kSerialNumber,  // of a device that there need not be
  kAny,           // as find_device() (app/home/home.h) understands it
  kWhole          // by the whole name or serial number, because the change cannot be undone
};

// How a parameter is given on the command line.
struct ParameterOption {
  std::string_view parameter;
  std::string names;             // "--owner"; "sn": an argument
  const char* placeholder = "";  // none for a flag
  bool required_here = false;    // though the operation can do without
  DeviceNaming device = DeviceNaming::kSerialNumber;
};

// Declares a command that asks for an operation and prints the object in the answer. `arguments`
// must outlive the command.
CLI::App* add_operation_command(CLI::App& parent, const std::string& name,
                                std::string_view operation, AdminArguments& arguments,
                                std::function<int()>& chosen,
                                const std::vector<ParameterOption>& options);

}  // namespace gridloom::app
