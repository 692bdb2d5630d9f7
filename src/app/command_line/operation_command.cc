#include "app/command_line/operation_command.h"

#include <fmt/format.h>

#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "app/command_line/common_options.h"
#include "app/command_line/home_options.h"
#include "app/command_line/output.h"
#include "app/command_line/usage_error.h"
#include "app/control/admin_client.h"
#include "app/home/home.h"
#include "app/operations/table.h"
#include "base/nearest.h"
#include "base/printable.h"
#include "wire/json.h"

namespace gridloom::app {

namespace {

using operations::Operation;
using operations::Parameter;
using operations::Type;
using wire::JsonArray;
using wire::JsonObject;

Option with_checks(Option option, const Parameter& parameter) {
  if (parameter.required) option.required();
  if (parameter.type == Type::kInteger) {
    option.check(whole_number(static_cast<std::int64_t>(parameter.least),
                              static_cast<std::int64_t>(parameter.most)));
  }
  return option;
}

// The values of a command that is an operation, by parameter. Each is where the parser puts it.
struct Values {
  std::map<std::string_view, std::string> texts;
  std::map<std::string_view, bool> flags;
  std::map<std::string_view, std::pair<std::int64_t, std::optional<Option>>> integers;
  std::map<std::string_view, std::vector<std::int64_t>> lists;
};

JsonObject request_of(const Operation& operation, const Values& values) {
  JsonObject request{{"op", operation.name}};
  for (const auto& [name, text] : values.texts) {
    if (!text.empty()) request[name] = text;
  }
  for (const auto& [name, is_set] : values.flags) {
    if (is_set) request[name] = true;
  }
  for (const auto& [name, integer] : values.integers) {
    if (integer.second->is_given()) request[name] = integer.first;
  }
  for (const auto& [name, list] : values.lists) {
    if (!list.empty()) request[name] = JsonArray(list.begin(), list.end());
  }
  return request;
}

std::string_view help_of(const Parameter& parameter, const ParameterOption& option) {
  switch (option.device) {
    case DeviceNaming::kAny:
      return kDeviceHelp;
    case DeviceNaming::kWhole:
      return "Serial number or name, the whole of it";
    case DeviceNaming::kSerialNumber:
      break;
  }
  return parameter.text;
}

Option declare(CLI::App& command, const Parameter& parameter, const ParameterOption& option,
               Values& values) {
  const std::string_view name = parameter.name;
  const std::string_view help = help_of(parameter, option);
  const auto value = [&](auto& to) {
    return with_checks(add_value(command, option.names, to, option.placeholder, help), parameter);
  };
  switch (parameter.type) {
    case Type::kText:
    case Type::kSecret:
    case Type::kSerialNumber:
    case Type::kAccount:
    case Type::kChoice:
      return value(values.texts[name]);
    case Type::kFlag:
      return add_flag(command, option.names, values.flags[name], std::string(parameter.text));
    case Type::kInteger: {
      auto& [integer, declared] = values.integers[name];
      declared = value(integer);
      return *declared;
    }
    case Type::kIntegers:
      return value(values.lists[name]);
    case Type::kTime:
    case Type::kNumber:
    case Type::kTexts:
    case Type::kObject:
      break;  // no command maps one of these
  }
  std::abort();
}

// Puts the serial numbers in the place of the names of devices.
Status name_devices(const AdminArguments& arguments, const std::vector<ParameterOption>& options,
                    JsonObject& request) {
  for (const ParameterOption& each : options) {
    const wire::Json* given = request.if_contains(each.parameter);
    if (given == nullptr || each.device == DeviceNaming::kSerialNumber) continue;
    const std::string text(given->get_string());
    GL_TRY(const auto device, local_device(arguments.data, text));
    if (each.device == DeviceNaming::kWhole && !is_whole_name(device, text)) {
      return fail(ErrorCode::kBadParams,
                  fmt::format("\"{}\" is a part of {}: this cannot be undone, so it wants the "
                              "whole name or serial number",
                              printable(text), device_text(device)));
    }
    request[each.parameter] = device.sn;
  }
  return {};
}

}  // namespace

std::string operation_text(std::string_view operation) {
  return std::string(operations::operation(operation).text);
}

std::string_view parameter_text(std::string_view operation, std::string_view parameter) {
  return operations::parameter(operations::operation(operation), parameter).text;
}

template <OptionValue T>
Option add_parameter(CLI::App& command, std::string_view operation, std::string_view parameter,
                     const std::string& names, T& value, const char* placeholder) {
  const Parameter& declared = operations::parameter(operations::operation(operation), parameter);
  return with_checks(add_value(command, names, value, placeholder, declared.text), declared);
}

// The types of values that commands have for parameters.
template Option add_parameter(CLI::App& command, std::string_view operation,
                              std::string_view parameter, const std::string& names,
                              std::string& value, const char* placeholder);
template Option add_parameter(CLI::App& command, std::string_view operation,
                              std::string_view parameter, const std::string& names,
                              std::vector<std::string>& value, const char* placeholder);
template Option add_parameter(CLI::App& command, std::string_view operation,
                              std::string_view parameter, const std::string& names, double& value,
                              const char* placeholder);
template Option add_parameter(CLI::App& command, std::string_view operation,
                              std::string_view parameter, const std::string& names,
                              std::optional<double>& value, const char* placeholder);
template Option add_parameter(CLI::App& command, std::string_view operation,
                              std::string_view parameter, const std::string& names,
                              std::size_t& value, const char* placeholder);

CLI::App* add_operation_command(CLI::App& parent, const std::string& name,
                                std::string_view operation, AdminArguments& arguments,
                                std::function<int()>& chosen,
                                const std::vector<ParameterOption>& options) {
  const Operation& row = operations::operation(operation);
  const auto values = std::make_shared<Values>();
  CLI::App* command = add_admin_command(
      parent, name, std::string(row.text), arguments, chosen, [&row, &arguments, values, options] {
        JsonObject request = request_of(row, *values);
        if (Status named = name_devices(arguments, options, request); !named) {
          return report_error(named.error());
        }
        return ask_and_print(arguments, request);
      });
  for (const ParameterOption& each : options) {
    Option declared = declare(*command, operations::parameter(row, each.parameter), each, *values);
    if (each.required_here) declared.required();
  }
  return command;
}

using wire::Json;
using wire::JsonObject;

CLI::App* add_admin_command(CLI::App& parent, const std::string& name, const std::string& help,
                            AdminArguments& arguments, std::function<int()>& chosen,
                            std::function<int()> run) {
  CLI::App* command = add_command(parent, name, help);
  add_data_option(*command, arguments.data);
  add_value(*command, "--devices", arguments.devices, placeholder::kFolder,
            kDevicesOfStoppedServer);
  add_json_option(*command, arguments.json);
  set_action(*command, chosen, std::move(run));
  return command;
}

Result<Json> ask(const AdminArguments& arguments, const JsonObject& request) {
  return ask_admin(arguments.data, request, arguments.devices);
}

int ask_and_print(const AdminArguments& arguments, const JsonObject& request) {
  const auto answer = ask(arguments, request);
  if (!answer) return report_error(answer.error());
  print_object(answer->get_object(), arguments.json);
  print_warning(*answer);
  return 0;
}

Status check_account(const AdminArguments& arguments, std::string_view name) {
  GL_TRY(const auto accounts, ask(arguments, {{"op", "account.list"}}));
  std::vector<std::string> known;
  for (const Json& row : accounts.get_array()) {
    if (member_text(row, "name") == name) return {};
    known.push_back(member_text(row, "name"));
  }
  const std::string meant = did_you_mean(name, {known.begin(), known.end()});
  return fail(ErrorCode::kNotFound,
              fmt::format("there is no account {}{} `gridloom account list` lists them",
                          redacted_extract(name), meant.empty() ? ";" : meant));
}

}  // namespace gridloom::app
