#include "app/history.h"

#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <iterator>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "app/admin_client.h"
#include "app/history_stream.h"
#include "app/local_zone.h"
#include "base/clock.h"
#include "base/printable.h"
#include "history/series_request.h"
#include "time/grammar.h"
#include "time/iso_text.h"

namespace gridloom::app {
namespace {

using wire::Json;
using wire::JsonObject;

// A chart is drawn from the whole answer; other formats have no limit here.
constexpr std::size_t kMostDrawn_bytes = std::size_t{24} * 1024 * 1024;
constexpr std::size_t kTableRows = 24;
constexpr std::string_view kLayout = "\n\t";
constexpr std::size_t kLine = 60;  // characters in a sparkline

// A point of the answer: the time, and the number in the field's unit or the text in its place.
struct Shown {
  std::int64_t at_ms = 0;
  std::optional<double> number;
  std::string text;
};

std::vector<Shown> points_of(const JsonObject& series) {
  const Json* scale = series.if_contains("scale");
  const double times = scale == nullptr ? 1 : scale->to_number<double>();
  std::vector<Shown> points;
  for (const Json& pair : series.at("points").as_array()) {
    Shown point{.at_ms = pair.at(0).as_int64(), .number = {}, .text = {}};
    const Json& value = pair.at(1);
    if (value.is_number()) {
      point.number = value.to_number<double>() * times;
      point.text = fmt::format("{:.6g}", *point.number);
    } else {
      point.text = value.is_null() ? "-" : wire::shortened(wire::to_text(value));
    }
    points.push_back(std::move(point));
  }
  return points;
}

// Combines the points into at most kLine intervals; each bar shows the interval's mean, scaled
// between the minimum and the maximum.
std::string spark(const std::vector<Shown>& points, double least, double greatest) {
  static constexpr std::array<std::string_view, 8> kBlocks = {"▁", "▂", "▃", "▄",
                                                              "▅", "▆", "▇", "█"};
  const std::size_t stretches = std::min(points.size(), kLine);
  std::string line;
  for (std::size_t i = 0; i < stretches; ++i) {
    double sum = 0;
    std::size_t count = 0;
    for (std::size_t k = i * points.size() / stretches; k < (i + 1) * points.size() / stretches;
         ++k) {
      if (points[k].number) sum += *points[k].number;
      if (points[k].number) ++count;
    }
    if (count == 0) {
      line += ' ';
      continue;
    }
    const double mean = sum / static_cast<double>(count);
    const double part = greatest > least ? (mean - least) / (greatest - least) : 0.5;
    line += kBlocks.at(std::min<std::size_t>(static_cast<std::size_t>(part * 8), 7));
  }
  return line;
}

struct Drawing {
  std::size_t rows = 0;
  const time::TimeZone& zone;
};

void draw(const JsonObject& answer, const JsonObject& series, const Drawing& drawing,
          std::string& out) {
  const auto to = std::back_inserter(out);
  const std::vector<Shown> points = points_of(series);
  const Json* unit = series.if_contains("unit");
  fmt::format_to(to, "{}{}, {} to {}", std::string_view(series.at("field").as_string()),
                 unit == nullptr ? "" : fmt::format(" in {}", std::string_view(unit->as_string())),
                 time::iso_text(answer.at("from").as_int64(), drawing.zone),
                 time::iso_text(answer.at("to").as_int64(), drawing.zone));
  if (const Json* step = answer.if_contains("step")) {
    fmt::format_to(to, ", {} of each {}", std::string_view(answer.at("aggregate").as_string()),
                   time::span_text(Millis(step->as_int64())));
  }
  out += '\n';
  double least = std::numeric_limits<double>::infinity();
  double greatest = -least;
  double sum = 0;
  std::size_t count = 0;
  for (const Shown& point : points) {
    if (!point.number) continue;
    least = std::min(least, *point.number);
    greatest = std::max(greatest, *point.number);
    sum += *point.number;
    ++count;
  }
  if (count > 0) {
    fmt::format_to(to, "{}\nmin {:.6g}  mean {:.6g}  max {:.6g}\n", spark(points, least, greatest),
                   least, sum / static_cast<double>(count), greatest);
  } else {
    out += points.empty() ? "nothing was reported\n" : "no numbers\n";
  }
  const std::size_t shown = std::min(points.size(), drawing.rows);
  if (shown > 0 && shown < points.size()) {
    fmt::format_to(to, "the last {} of {}; --csv has all:\n", shown, points.size());
  }
  for (std::size_t i = points.size() - shown; i < points.size(); ++i) {
    fmt::format_to(to, "  {}  {:>12}\n", time::iso_text(points[i].at_ms, drawing.zone),
                   points[i].text);
  }
}

struct HistoryArguments {
  std::string data = "data";
  std::string devices;
  std::string sn, fields, from = "-1d", to = "now", step, aggregate;
  std::string format = "table";
  bool csv = false;
};

bool is_drawn(const HistoryArguments& arguments) {
  return arguments.format == "table" || arguments.format == "spark";
}

Result<JsonObject> request_of(const HistoryArguments& arguments) {
  JsonObject request{{"op", kHistoryOp},
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
    request["step"] = usual_step(span->to_ms - span->from_ms);
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
        if (whole.size() + chunk.size() > kMostDrawn_bytes) {
          return fail(ErrorCode::kBadParams,
                      fmt::format("the answer is over {} MB: ask for a step, a shorter span or "
                                  "fewer fields, or for --csv",
                                  kMostDrawn_bytes / 1024 / 1024));
        }
        whole += chunk;
        return {};
      });
  if (!read) return read;
  const auto parsed = wire::parse_json(whole, {.bytes = whole.size(), .keys = 10'000'000});
  if (!parsed) return std::unexpected(parsed.error());
  Output output;
  const Status printed = output.put(
      printable(drawn_history(parsed->get_object(), arguments.format == "table" ? kTableRows : 0,
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

std::string drawn_history(const JsonObject& answer, std::size_t rows, const time::TimeZone& zone) {
  std::string out;
  for (const Json& series : answer.at("series").as_array()) {
    if (!out.empty()) out += '\n';
    draw(answer, series.as_object(), {.rows = rows, .zone = zone}, out);
  }
  return out;
}

std::string usual_step(std::int64_t span_ms) {
  static constexpr std::array<std::int64_t, 15> kSteps_s = {
      1, 5, 10, 30, 60, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400};
  const std::int64_t least_s = span_ms / 1000 / static_cast<std::int64_t>(kLine);
  const auto* const usual = std::ranges::lower_bound(kSteps_s, least_s);
  if (usual != kSteps_s.end()) return time::span_text(Millis(*usual * 1000));
  return fmt::format("{}d", least_s / 86400 + 1);
}

std::shared_ptr<void> add_history(CLI::App& app, std::function<int()>& chosen) {
  auto arguments = std::make_shared<HistoryArguments>();
  HistoryArguments& a = *arguments;
  CLI::App* verb = app.add_subcommand("history", "Shows past values of a field");
  verb->add_option("--data", a.data, "Data folder of the server")->capture_default_str();
  verb->add_option("--devices", a.devices, std::string(kDevicesOfStoppedServer));
  verb->add_option("sn", a.sn, "Serial number")->required();
  verb->add_option("field", a.fields, "Its name as in quota/all; several: a,b or pd.*")->required();
  verb->add_option("--from", a.from,
                   "Start of the span: -7d, 2026-11-01, 2026-11-01T00:00:00Z, unix ms")
      ->capture_default_str();
  verb->add_option("--to", a.to, "End of the span; written as --from, or now")
      ->capture_default_str();
  verb->add_option("--step", a.step, "10s, 15m, 1h, 1d; to be drawn, as it fits");
  verb->add_option("--aggregate", a.aggregate,
                   "Aggregate of each step: mean, min, max, sum, count, last, integral");
  verb->add_option("--format", a.format, "Output format: table, spark, csv, json")
      ->check(CLI::IsMember({"table", "spark", "csv", "json"}))
      ->capture_default_str();
  verb->add_flag("--csv", a.csv, "Same as --format csv");
  verb->callback([&a, &chosen] {
    chosen = [&a] {
      if (a.csv) a.format = "csv";
      const Status printed = print_history(a);
      if (printed) return 0;
      fmt::print(stderr, "gridloom: {}\n", printed.error().detail);
      return 1;
    };
  });
  return arguments;
}

}  // namespace gridloom::app
