#include "app/command_line/history_drawing.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <limits>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "time/grammar.h"
#include "time/iso_text.h"

namespace gridloom::app {
namespace {

using wire::Json;
using wire::JsonObject;

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
    out += points.empty() ? "no values were reported\n" : "no numbers\n";
  }
  const std::size_t shown = std::min(points.size(), drawing.rows);
  if (shown > 0 && shown < points.size()) {
    fmt::format_to(to, "the last {} of {} values; --csv prints all:\n", shown, points.size());
  }
  for (std::size_t i = points.size() - shown; i < points.size(); ++i) {
    fmt::format_to(to, "  {}  {:>12}\n", time::iso_text(points[i].at_ms, drawing.zone),
                   points[i].text);
  }
}

}  // namespace

std::string draw_history(const JsonObject& answer, std::size_t rows, const time::TimeZone& zone) {
  std::string out;
  for (const Json& series : answer.at("series").as_array()) {
    if (!out.empty()) out += '\n';
    draw(answer, series.as_object(), {.rows = rows, .zone = zone}, out);
  }
  return out;
}

std::string default_step(std::int64_t span_ms) {
  static constexpr std::array<std::int64_t, 15> kSteps_s = {
      1, 5, 10, 30, 60, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400};
  const std::int64_t least_s = span_ms / 1000 / static_cast<std::int64_t>(kLine);
  const auto* const usual = std::ranges::lower_bound(kSteps_s, least_s);
  if (usual != kSteps_s.end()) return time::span_text(Millis(*usual * 1000));
  return fmt::format("{}d", least_s / 86400 + 1);
}

}  // namespace gridloom::app
