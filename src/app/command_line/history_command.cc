#include "app/command_line/history_command.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdio>
#include <string>
#include <string_view>
#include <utility>

#include "app/command_line/common_options.h"
#include "app/command_line/history_drawing.h"
#include "app/command_line/output.h"
#include "app/command_line/usage_error.h"
#include "app/control/admin_client.h"
#include "app/control/history_stream.h"
#include "app/process/local_zone.h"
#include "base/clock.h"
#include "base/printable.h"
#include "base/result.h"
#include "history/series/series_request.h"
#include "operations/streams.h"
#include "wire/json.h"

namespace gridloom::app {
namespace {

using wire::Json;
using wire::JsonObject;

// A chart is drawn from the whole answer; other formats have no limit here.
constexpr std::size_t kMaxDrawn_bytes = std::size_t{24} * 1024 * 1024;
constexpr std::size_t kTableRows = 24;
constexpr std::string_view kLayout = "\n\t";

struct HistoryArguments {
  std::string data;
  std::string devices;
  std::string sn, fields, from = "-1d", to = "now", step, aggregate;
  std::string format = "table";
  bool csv = false;
  bool json = false;
};

bool is_drawn(const HistoryArguments& arguments) {
  return arguments.format == "table" || arguments.format == "spark";
}

Result<JsonObject> request_of(const HistoryArguments& arguments) {
  JsonObject request{{"op", operations::kHistoryOp},
                     {"sn", arguments.sn},
                     {"fields", arguments.fields},
                     {"from", arguments.from},
                     {"to", arguments.to},
                     {"step", arguments.step},
                     {"aggregate", arguments.aggregate},
                     {"format", is_drawn(arguments) ? "json" : arguments.format}};
  if (is_drawn(arguments) && arguments.step.empty()) {
    const auto span = history::series_request(
        {.fields = arguments.fields, .from = arguments.from, .to = arguments.to},
        {.at = SystemClock().now(), .zone = local_zone().zone}, {});
    if (!span) return std::unexpected(span.error());
    request["step"] = default_step(span->to_ms - span->from_ms);
  }
  return request;
}

// Standard output. Devices choose field names and text values, so a terminal gets only printable
// text; a file gets the original.
class Output {
 public:
  Status put(std::string_view text) {
    if (!is_terminal_) return write(text);
    waiting_ += text;
    const std::size_t whole = whole_characters(waiting_);
    const std::string shown = printable(std::string_view(waiting_).substr(0, whole), kLayout);
    waiting_.erase(0, whole);
    return write(shown);
  }
  Status end() {
    const Status written = write(printable(std::exchange(waiting_, {}), kLayout));
    return written && std::fflush(stdout) != 0 ? failed() : written;
  }

 private:
  static Status write(std::string_view text) {
    const bool is_written = std::fwrite(text.data(), 1, text.size(), stdout) == text.size();
    return is_written ? Status() : failed();
  }
  static Status failed() {
    return fail(ErrorCode::kIo, fmt::format("standard output: {}", system_message(errno)));
  }

  bool is_terminal_ = ::isatty(STDOUT_FILENO) == 1;
  std::string waiting_;  // the beginning of a character
};

Status print_text(const HistoryArguments& arguments, const JsonObject& request) {
  Output output;
  Status printed = ask_history(arguments.data, request, arguments.devices,
                               [&output](std::string_view chunk) { return output.put(chunk); });
  if (printed && arguments.format == "json") printed = output.put("\n");
  if (printed) printed = output.end();
  return printed;
}

Status print_drawing(const HistoryArguments& arguments, const JsonObject& request) {
  std::string whole;
  const Status read = ask_history(
      arguments.data, request, arguments.devices, [&whole](std::string_view chunk) -> Status {
        if (whole.size() + chunk.size() > kMaxDrawn_bytes) {
          return fail(ErrorCode::kBadParams,
                      fmt::format("the answer is larger than {} MB: request a step, a shorter "
                                  "span or fewer fields, or --csv",
                                  kMaxDrawn_bytes / 1024 / 1024));
        }
        whole += chunk;
        return {};
      });
  if (!read) return read;
  const auto parsed = wire::parse_json(whole, {.bytes = whole.size(), .keys = 10'000'000});
  if (!parsed) return std::unexpected(parsed.error());
  if (parsed->get_object().at("series").as_array().empty()) {
    print_note(fmt::format("No field of {} that matches {} was reported in this span.",
                           arguments.sn, arguments.fields));
    return {};
  }
  Output output;
  const Status printed = output.put(
      printable(draw_history(parsed->get_object(), arguments.format == "table" ? kTableRows : 0,
                             local_zone().zone),
                kLayout));
  return printed ? output.end() : printed;
}

Status print_history(const HistoryArguments& arguments) {
  const auto request = request_of(arguments);
  if (!request) return std::unexpected(request.error());
  return is_drawn(arguments) ? print_drawing(arguments, *request) : print_text(arguments, *request);
}

}  // namespace

std::shared_ptr<void> add_history(CLI::App& app, std::function<int()>& chosen) {
  auto arguments = std::make_shared<HistoryArguments>();
  HistoryArguments& a = *arguments;
  CLI::App* verb = add_command(app, "history", "Shows past values of a field");
  set_group(*verb, group::kUse);
  set_examples(*verb,
               {"gridloom history R331ZEB4ZEAL0528 soc",
                "gridloom history R331ZEB4ZEAL0528 pd.soc,pd.wattsInSum --from -7d --step 1h",
                "gridloom history R331ZEB4ZEAL0528 'pd.*' --from -1h --csv"});
  add_data_option(*verb, a.data);
  add_value(*verb, "--devices", a.devices, placeholder::kFolder, kDevicesOfStoppedServer);
  add_value(*verb, "sn", a.sn, placeholder::kSn, "Serial number of the device").required();
  add_value(*verb, "field", a.fields, placeholder::kField,
            "Name of the field as in quota/all, or soc and natures such as pv.power, which each "
            "family has under its own name; several: a,b or pd.*")
      .required();
  add_value(*verb, "--from", a.from, placeholder::kTime,
            "Start of the span: -7d, 2026-11-01, 2026-11-01T00:00:00Z, unix ms")
      .show_default();
  add_value(*verb, "--to", a.to, placeholder::kTime, "End of the span; written as --from, or now")
      .show_default();
  add_value(*verb, "--step", a.step, placeholder::kSpan,
            "Step between values: 10s, 15m, 1h, 1d; a drawing has one that suits the span");
  add_value(*verb, "--aggregate", a.aggregate, placeholder::kWord,
            "Aggregate of each step: mean, min, max, sum, count, last, integral");
  add_value(*verb, "--format", a.format, "FORMAT", "Output format: table, spark, csv, json")
      .check(one_of({"table", "spark", "csv", "json"}))
      .show_default();
  add_flag(*verb, "--csv", a.csv, "Same as --format csv");
  add_json_option(*verb, a.json);
  set_action(*verb, chosen, [&a] {
    if (a.csv) a.format = "csv";
    if (a.json) a.format = "json";
    const Status printed = print_history(a);
    return printed ? 0 : report_error(printed.error());
  });
  return arguments;
}

}  // namespace gridloom::app
