// `gridloom doctor`: facts for a bug report, and what is unsafe.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <filesystem>
#include <string>

#include "app/command_line/home_commands.h"
#include "app/command_line/home_options.h"
#include "app/command_line/text_table.h"
#include "app/control/doctor.h"
#include "app/home/profile.h"
#include "base/printable.h"

namespace gridloom::app {
namespace {

struct Arguments {
  std::string data = "data";
  bool json = false;
};

void print_text(const Diagnosis& diagnosis) {
  for (const Fact& fact : diagnosis.facts) {
    fmt::print("{:<16} {}\n", fact.name, printable(fact.text));
  }
  fmt::print("\n");
  const bool coloured = takes_colours(stdout);
  for (const Finding& each : diagnosis.findings) {
    fmt::print("{}  {:<16} {}\n",
               each.good ? in_colour("good   ", Colour::kGreen, coloured)
                         : in_colour("PROBLEM", Colour::kRed, coloured),
               each.check, printable(each.text));
  }
}

int run_doctor(const Arguments& arguments) {
  const Diagnosis diagnosis =
      diagnose(arguments.data, profile_folder().value_or(std::filesystem::path()));
  if (arguments.json) {
    print_json_line(to_json(diagnosis));
  } else {
    print_text(diagnosis);
  }
  return diagnosis.is_good() ? 0 : kExitFailed;
}

}  // namespace

std::shared_ptr<void> add_doctor(CLI::App& app, std::function<int()>& chosen) {
  auto kept = std::make_shared<Arguments>();
  Arguments& a = *kept;
  CLI::App* doctor = app.add_subcommand(
      "doctor", "Prints facts for a bug report, without names and keys, and finds unsafe settings");
  doctor->add_option("--data", a.data, "Data folder of the server")->capture_default_str();
  doctor->add_flag("--json", a.json, "Print JSON");
  doctor->callback([&a, &chosen] { chosen = [&a] { return run_doctor(a); }; });
  return kept;
}

}  // namespace gridloom::app
