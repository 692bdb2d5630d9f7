// `gridloom doctor`: facts for a bug report, and what is unsafe.
#include <fmt/format.h>

#include <cstdio>
#include <filesystem>
#include <string>

#include "app/command_line/commands.h"
#include "app/command_line/common_options.h"
#include "app/command_line/home_options.h"
#include "app/command_line/output.h"
#include "app/command_line/usage_error.h"
#include "app/control/doctor.h"
#include "app/home/profile.h"
#include "base/printable.h"

namespace gridloom::app {
namespace {

struct DoctorArguments {
  std::string data;
  bool json = false;
};

void print_text(const Diagnosis& diagnosis) {
  for (const Fact& fact : diagnosis.facts) {
    fmt::print("{:<16} {}\n", fact.name, wrapped_words(printable(fact.text), 17));
  }
  fmt::print("\n");
  const bool coloured = has_colours();
  for (const Finding& each : diagnosis.findings) {
    fmt::print("{}  {:<16} {}\n",
               each.good ? styled("good   ", Style::kGood, coloured)
                         : styled("PROBLEM", Style::kBad, coloured),
               each.check, wrapped_words(printable(each.text), 26));
  }
}

int run_doctor(const DoctorArguments& arguments) {
  const Diagnosis diagnosis =
      diagnose(arguments.data, profile_folder().value_or(std::filesystem::path()));
  if (arguments.json) {
    print_json(to_json(diagnosis));
  } else {
    print_text(diagnosis);
  }
  return diagnosis.is_good() ? 0 : kFailed;
}

}  // namespace

std::shared_ptr<void> add_doctor(CLI::App& app, std::function<int()>& chosen) {
  auto kept = std::make_shared<DoctorArguments>();
  DoctorArguments& a = *kept;
  CLI::App* doctor = add_command(
      app, "doctor",
      "Prints facts for a bug report, without names and keys, and finds unsafe settings");
  set_group(*doctor, group::kInspect);
  set_examples(*doctor, {"gridloom doctor", "gridloom doctor --data /var/lib/gridloom --json"});
  add_data_option(*doctor, a.data);
  add_json_option(*doctor, a.json);
  set_action(*doctor, chosen, [&a] { return run_doctor(a); });
  return kept;
}

}  // namespace gridloom::app
