#include "app/command_line/audit_command.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <cstdio>
#include <string_view>
#include <utility>
#include <vector>

#include "app/command_line/commands.h"
#include "app/command_line/common_options.h"
#include "app/command_line/operation_command.h"
#include "app/command_line/output.h"
#include "app/command_line/usage_error.h"
#include "app/control/admin_client.h"
#include "app/home/home.h"
#include "app/operations/audit.h"
#include "app/process/local_zone.h"
#include "base/clock.h"
#include "base/printable.h"
#include "base/result.h"
#include "time/grammar.h"
#include "time/iso_text.h"

namespace gridloom::app {
namespace {

using wire::Json;
using wire::JsonArray;
using wire::JsonObject;

// Text that came from outside must not look like a member of the entry.
std::string plain(const Json& value) {
  if (!value.is_string()) return wire::to_text(value);
  const std::string_view text = value.get_string();
  const bool is_word = !text.empty() && std::ranges::all_of(text, [](char c) {
    return c > ' ' && c < '\x7F' && c != '"' && c != '=';
  });
  if (is_word) return std::string(text);
  return wire::to_text(value);
}

}  // namespace

std::string line_of(const Json& entry, const time::TimeZone& zone) {
  std::string line =
      fmt::format("{} {}", time::clock_text(TimePoint(Millis(operations::at_of(entry))), zone),
                  wire::text_in(entry, "what"));
  if (!entry.is_object()) return line;
  for (const auto& [key, value] : entry.get_object()) {
    if (key != "at" && key != "what")
      line += fmt::format(" {}={}", std::string_view(key), plain(value));
  }
  return printable(line);
}

namespace {

struct AuditArguments {
  std::string data;
  std::string from, to, who, sn, by, address;
  std::vector<std::string> what;
  std::size_t limit = operations::AuditFilter{}.limit;
  bool json = false;
};

// A device that was removed is in the audit by its serial number.
Result<std::string> sn_of(const AuditArguments& arguments) {
  if (arguments.sn.empty()) return std::string();
  auto device = local_device(arguments.data, arguments.sn);
  if (device) return std::move(device->sn);
  if (device.error().code == ErrorCode::kNotFound) return arguments.sn;
  return std::unexpected(device.error());
}

Result<JsonArray> ask(const AuditArguments& arguments) {
  GL_TRY(const auto sn, sn_of(arguments));
  JsonObject request{{"op", "audit"},
                     {"who", arguments.who},
                     {"sn", sn},
                     {"by", arguments.by},
                     {"address", arguments.address},
                     {"limit", arguments.limit},
                     {"what", JsonArray(arguments.what.begin(), arguments.what.end())}};
  const time::Now now{.at = SystemClock().now(), .zone = local_zone().zone};
  struct End {
    std::string_view option;
    const std::string& text;
    std::string_view member;
  };
  for (const End& end :
       {End{"--from", arguments.from, "since"}, End{"--to", arguments.to, "until"}}) {
    if (end.text.empty()) continue;
    GL_TRY(const auto at,
           time::parse_time(
               end.text,
               {.name = end.option, .now = now, .relative = time::TimeOptions::Relative::kAny}));
    request[end.member] = unix_ms(at);
  }
  GL_TRY(auto answer, ask_admin(arguments.data, request));
  if (!answer.is_array()) return fail(ErrorCode::kInternal, "the server's answer is not a list");
  return std::move(answer.get_array());
}

int run(const AuditArguments& arguments) {
  const auto entries = ask(arguments);
  if (!entries) return report_error(entries.error());
  if (entries->empty() && !arguments.json) {
    print_note(
        "No entry of the audit log matches; without --from, --what, --who, --device, --by and "
        "--address, all do.");
  }
  for (const Json& entry : *entries) {
    fmt::print("{}\n", arguments.json ? wire::to_text(entry) : line_of(entry, local_zone().zone));
  }
  return 0;
}

}  // namespace

std::shared_ptr<void> add_audit(CLI::App& app, std::function<int()>& chosen) {
  const auto arguments = std::make_shared<AuditArguments>();
  AuditArguments& a = *arguments;
  CLI::App* audit = add_command(app, "audit", operation_text("audit"));
  set_group(*audit, group::kUse);
  set_examples(*audit, {"gridloom audit --from -1d",
                        "gridloom audit --what set,set_reply --device R331ZEB4ZEAL0528"});
  add_data_option(*audit, a.data);
  add_span_options(*audit, a.from, a.to);
  add_parameter(*audit, "audit", "what", "--what", a.what, placeholder::kWord).delimiter(',');
  add_parameter(*audit, "audit", "who", "--who", a.who, placeholder::kName);
  add_parameter(*audit, "audit", "sn", "--device,--sn", a.sn, placeholder::kSn);
  add_parameter(*audit, "audit", "by", "--by", a.by, placeholder::kWord);
  add_parameter(*audit, "audit", "address", "--address", a.address, placeholder::kWord);
  add_parameter(*audit, "audit", "limit", "--last,--limit", a.limit, placeholder::kCount)
      .show_default();
  add_json_option(*audit, a.json);
  set_action(*audit, chosen, [arguments] { return run(*arguments); });
  return arguments;
}

}  // namespace gridloom::app
