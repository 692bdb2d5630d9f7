#include "app/history_command.h"

#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstddef>
#include <cstdio>
#include <string>
#include <string_view>

#include "app/admin_client.h"
#include "app/history_drawing.h"
#include "app/local_zone.h"
#include "base/clock.h"
#include "base/printable.h"
#include "base/result.h"
#include "history/series_request.h"
#include "wire/json.h"

namespace gridloom::app {
namespace {

using wire::Json;
using wire::JsonObject;

constexpr std::size_t kTableRows = 24;
constexpr std::string_view kLayout = "\n\t";

struct HistoryArguments {
  std::string data = "data";
  std::string devices;
  std::string sn, fields, from = "-1d", to = "now", step, aggregate;
  std::string format = "table";
  bool csv = false;
};

Result<std::string> history_text(const HistoryArguments& arguments) {
  const bool drawn = arguments.format == "table" || arguments.format == "spark";
  JsonObject request{{"op", "history"},
                     {"sn", arguments.sn},
                     {"fields", arguments.fields},
                     {"from", arguments.from},
                     {"to", arguments.to},
                     {"step", arguments.step},
                     {"aggregate", arguments.aggregate},
                     {"format", drawn ? "json" : arguments.format}};
  if (drawn && arguments.step.empty()) {
    const auto span = history::series_request(
        {.fields = arguments.fields, .from = arguments.from, .to = arguments.to},
        {.at = SystemClock().now(), .zone = local_zone().zone}, {});
    if (!span) return std::unexpected(span.error());
    request["step"] = usual_step(span->to_ms - span->from_ms);
  }
  const auto answer = ask_admin(arguments.data, request, arguments.devices);
  if (!answer) return std::unexpected(answer.error());
  const Json* text = wire::member(*answer, "text");
  if (text == nullptr || !text->is_string()) return fail(ErrorCode::kInternal, "no answer");
  std::string whole(text->get_string());
  if (!drawn) return arguments.format == "json" ? whole + "\n" : whole;
  const auto parsed = wire::parse_json(whole, {.bytes = whole.size(), .keys = 10'000'000});
  if (!parsed) return std::unexpected(parsed.error());
  return printable(drawn_history(parsed->get_object(), arguments.format == "table" ? kTableRows : 0,
                                 local_zone().zone),
                   kLayout);
}

}  // namespace

std::shared_ptr<void> add_history(CLI::App& app, std::function<int()>& chosen) {
  auto arguments = std::make_shared<HistoryArguments>();
  HistoryArguments& a = *arguments;
  CLI::App* verb = app.add_subcommand("history", "Shows past values of a field");
  verb->add_option("--data", a.data, "Data folder of the server")->capture_default_str();
  verb->add_option("--devices", a.devices, std::string(kDevicesOfStoppedServer));
  verb->add_option("sn", a.sn, "Serial number")->required();
  verb->add_option("field", a.fields, "Name of the field as in quota/all; several: a,b or pd.*")
      ->required();
  verb->add_option("--from", a.from,
                   "Start of the span: -7d, 2026-11-01, 2026-11-01T00:00:00Z, unix ms")
      ->capture_default_str();
  verb->add_option("--to", a.to, "End of the span; written as --from, or now")
      ->capture_default_str();
  verb->add_option("--step", a.step,
                   "Step between values: 10s, 15m, 1h, 1d; a drawing has one that suits the span");
  verb->add_option("--aggregate", a.aggregate,
                   "Aggregate of each step: mean, min, max, sum, count, last, integral");
  verb->add_option("--format", a.format, "Output format: table, spark, csv, json")
      ->check(CLI::IsMember({"table", "spark", "csv", "json"}))
      ->capture_default_str();
  verb->add_flag("--csv", a.csv, "Same as --format csv");
  verb->callback([&a, &chosen] {
    chosen = [&a] {
      if (a.csv) a.format = "csv";
      const auto text = history_text(a);
      if (text) {
        // Devices choose field names and text values, so a terminal gets only printable text; a
        // file gets the original.
        fmt::print("{}", ::isatty(STDOUT_FILENO) == 1 ? printable(*text, kLayout) : *text);
        return 0;
      }
      fmt::print(stderr, "gridloom: {}\n", text.error().detail);
      return 1;
    };
  });
  return arguments;
}

}  // namespace gridloom::app
