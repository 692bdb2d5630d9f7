#include "with_home/history_drawing.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
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

constexpr std::size_t kLine = 60;     // characters in a line of a plot
constexpr std::size_t kPlotRows = 4;  // lines of a plot, without its axis
constexpr int kEighths = 8;
constexpr int kMaxDecimals = 9;

// A point of the answer: the time, and the number in the field's unit or the text in its place.
struct Shown {
  std::int64_t at_ms = 0;
  std::optional<double> number;
  std::string text;
};

// Decimals that numbers of a series have; none: not known.
std::optional<int> decimals_of(const JsonObject& answer, const JsonObject& series) {
  const Json* aggregate = answer.if_contains("aggregate");
  if (aggregate != nullptr && *aggregate == "count") return 0;
  if (aggregate != nullptr && *aggregate == "integral") return std::nullopt;
  const auto decimals = wire::whole_in(series, "decimals");
  if (!decimals) return std::nullopt;
  return static_cast<int>(std::clamp<std::int64_t>(*decimals, 0, kMaxDecimals));
}

std::string number_text(double number, std::optional<int> decimals) {
  std::string text =
      decimals ? fmt::format("{:.{}f}", number, *decimals) : fmt::format("{:.6g}", number);
  const bool is_zero = text.find_first_not_of("-0.") == std::string::npos;
  return is_zero && text.starts_with('-') ? text.substr(1) : text;
}

std::vector<Shown> points_of(const JsonObject& series, std::optional<int> decimals) {
  const Json* scale = series.if_contains("scale");
  const double times = scale == nullptr ? 1 : scale->to_number<double>();
  std::vector<Shown> points;
  for (const Json& pair : series.at("points").as_array()) {
    Shown point{.at_ms = pair.at(0).as_int64(), .number = {}, .text = {}};
    const Json& value = pair.at(1);
    if (value.is_number()) {
      point.number = value.to_number<double>() * times;
      point.text = number_text(*point.number, decimals);
    } else {
      point.text = value.is_null() ? "-" : wire::shortened(wire::to_text(value));
    }
    points.push_back(std::move(point));
  }
  return points;
}

struct Statistics {
  double least = std::numeric_limits<double>::infinity();
  double greatest = -std::numeric_limits<double>::infinity();
  double sum = 0;
  std::size_t count = 0;
};

Statistics statistics_of(const std::vector<Shown>& points) {
  Statistics made;
  for (const Shown& point : points) {
    if (!point.number) continue;
    made.least = std::min(made.least, *point.number);
    made.greatest = std::max(made.greatest, *point.number);
    made.sum += *point.number;
    ++made.count;
  }
  return made;
}

// Combines the points into at most kLine intervals: the mean of each; none: it has no numbers.
std::vector<std::optional<double>> means_of(const std::vector<Shown>& points) {
  const std::size_t intervals = std::min(points.size(), kLine);
  std::vector<std::optional<double>> means;
  for (std::size_t i = 0; i < intervals; ++i) {
    double sum = 0;
    std::size_t count = 0;
    for (std::size_t k = i * points.size() / intervals; k < (i + 1) * points.size() / intervals;
         ++k) {
      if (points[k].number) sum += *points[k].number;
      if (points[k].number) ++count;
    }
    means.push_back(count == 0 ? std::nullopt : std::optional(sum / static_cast<double>(count)));
  }
  return means;
}

// A bar that stands on the bottom of its line, 1 to 8 eighths high; one that hangs from the top has
// only three heights.
std::string_view standing(int eighths) {
  static constexpr std::array<std::string_view, kEighths> kBlocks = {"▁", "▂", "▃", "▄",
                                                                     "▅", "▆", "▇", "█"};
  return kBlocks.at(static_cast<std::size_t>(std::clamp(eighths, 1, kEighths) - 1));
}
std::string_view hanging(int eighths) {
  if (eighths <= kEighths / 4) return "▔";
  return eighths <= 3 * kEighths / 4 ? "▀" : "█";
}

using Means = std::vector<std::optional<double>>;

// Lines of bars, the top one first. `height_of`: of a bar, in lines, 0 to `rows`; at least a sign
// of it is drawn.
std::vector<std::string> bars(const Means& means, std::size_t rows, bool hang,
                              const std::function<std::optional<double>(double)>& height_of) {
  std::vector<std::string> lines(rows);
  for (const std::optional<double>& mean : means) {
    const auto height = mean ? height_of(*mean) : std::nullopt;
    const int eighths =
        height ? std::max(1, static_cast<int>(std::floor(*height * kEighths + 1e-9))) : 0;
    for (std::size_t row = 0; row < rows; ++row) {
      const std::size_t from_base = hang ? row : rows - 1 - row;
      const int left = eighths - static_cast<int>(from_base) * kEighths;
      lines[row] += left <= 0 ? " " : hang ? hanging(left) : standing(left);
    }
  }
  return lines;
}

// One line of bars between the least and the greatest value; the least value is a bar too.
std::string spark(const Means& means, const Statistics& all) {
  return bars(means, 1, false,
              [&all](double mean) -> std::optional<double> {
                if (all.greatest <= all.least) return 0.5 + 1.0 / kEighths;
                const double part = (mean - all.least) / (all.greatest - all.least);
                return std::min(part + 1.0 / kEighths, 1.0);
              })
      .front();
}

// The label of a line's axis, or blanks.
std::string axis(std::string_view label, std::size_t width, bool is_tick) {
  return fmt::format("{:>{}} {}", label, width, is_tick ? "┤" : "│");
}

// Bars above a line at zero, and below it.
std::string signed_plot(const Means& means, const Statistics& all, std::size_t rows,
                        std::optional<int> decimals) {
  const std::string top = number_text(all.greatest, decimals);
  const std::string bottom = number_text(all.least, decimals);
  const std::size_t width = std::max(top.size(), bottom.size());
  const double most = std::max(all.greatest, -all.least);
  const auto height = [&](double sign) {
    return [=](double mean) -> std::optional<double> {
      if (mean * sign <= 0) return std::nullopt;
      return mean * sign / most * static_cast<double>(rows);
    };
  };
  std::string text;
  const auto add = [&](const std::vector<std::string>& lines, std::string_view label,
                       std::size_t at) {
    for (std::size_t i = 0; i < lines.size(); ++i) {
      text += axis(i == at ? label : "", width, i == at) + lines[i] + '\n';
    }
  };
  add(bars(means, rows, false, height(1)), top, 0);
  text += fmt::format("{:>{}} ┼", "0", width);
  for (std::size_t i = 0; i < means.size(); ++i) text += "─";
  text += '\n';
  add(bars(means, rows, true, height(-1)), bottom, rows - 1);
  return text;
}

// Bars between the least and the greatest value.
std::string unsigned_plot(const Means& means, const Statistics& all, std::optional<int> decimals) {
  const std::string top = number_text(all.greatest, decimals);
  const std::string bottom = number_text(all.least, decimals);
  const std::size_t width = std::max(top.size(), bottom.size());
  const double span = all.greatest - all.least;
  const auto lines = bars(means, kPlotRows, false, [&](double mean) -> std::optional<double> {
    const double part = span > 0 ? (mean - all.least) / span : 0.5;
    return part * static_cast<double>(kPlotRows);
  });
  std::string text;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    const bool is_end = i == 0 || i + 1 == lines.size();
    text += axis(i == 0 ? top : is_end ? bottom : "", width, is_end) + lines[i] + '\n';
  }
  return text;
}

std::size_t axis_width(const Statistics& all, std::optional<int> decimals) {
  return std::max(number_text(all.greatest, decimals).size(),
                  number_text(all.least, decimals).size());
}

// The times of the first and the last bar, below them.
std::string time_axis(const std::vector<Shown>& points, std::size_t bars, std::size_t width,
                      const time::TimeZone& zone) {
  constexpr std::size_t kMinutes = 16;  // characters of "2026-11-21T10:30"
  const std::string first = time::iso_text(points.front().at_ms, zone).substr(0, kMinutes);
  const std::string last = time::iso_text(points.back().at_ms, zone).substr(0, kMinutes);
  const std::string before(width + 2, ' ');
  if (bars < first.size() + last.size() + 1) return fmt::format("{}{}\n", before, first);
  return fmt::format("{}{}{:>{}}\n", before, first, last, bars - first.size());
}

struct Drawing {
  std::size_t rows = 0;  // of the table below the plot; 0: a spark, and no table
  const time::TimeZone& zone;
};

void append_plot(const std::vector<Shown>& points, const Statistics& all, const Drawing& drawing,
                 std::optional<int> decimals, std::string& out) {
  const Means means = means_of(points);
  const bool is_signed = all.least < 0;
  if (drawing.rows == 0) {
    out += is_signed ? signed_plot(means, all, 1, decimals) : spark(means, all) + '\n';
    return;
  }
  out += is_signed ? signed_plot(means, all, kPlotRows / 2, decimals)
                   : unsigned_plot(means, all, decimals);
  out += time_axis(points, means.size(), axis_width(all, decimals), drawing.zone);
}

void append_table(std::vector<Shown> points, const Drawing& drawing, std::string& out) {
  std::erase_if(points, [](const Shown& each) { return each.text == "-"; });
  const std::size_t shown = std::min(points.size(), drawing.rows);
  const auto to = std::back_inserter(out);
  if (shown > 0 && shown < points.size()) {
    fmt::format_to(to, "the last {} of {} values; --csv prints all:\n", shown, points.size());
  }
  for (std::size_t i = points.size() - shown; i < points.size(); ++i) {
    fmt::format_to(to, "  {}  {:>12}\n", time::iso_text(points[i].at_ms, drawing.zone),
                   points[i].text);
  }
}

// The title takes two lines where one is too long for a terminal.
std::string title_of(const JsonObject& answer, const JsonObject& series,
                     const time::TimeZone& zone) {
  constexpr std::size_t kMost = 80;  // characters
  const auto at = [&](std::string_view name) {
    return time::clock_text(TimePoint(Millis(answer.at(name).as_int64())), zone);
  };
  const Json* unit = series.if_contains("unit");
  const std::string field = fmt::format(
      "{}{},", std::string_view(series.at("field").as_string()),
      unit == nullptr ? "" : fmt::format(" in {}", std::string_view(unit->as_string())));
  std::string span = fmt::format("{} to {}", at("from"), at("to"));
  if (const Json* step = answer.if_contains("step")) {
    fmt::format_to(std::back_inserter(span), ", {} of each {}",
                   std::string_view(answer.at("aggregate").as_string()),
                   time::span_text(Millis(step->as_int64())));
  }
  const char between = field.size() + 1 + span.size() > kMost ? '\n' : ' ';
  return fmt::format("{}{}{}\n", field, between, span);
}

void draw(const JsonObject& answer, const JsonObject& series, const Drawing& drawing,
          std::string& out) {
  const auto to = std::back_inserter(out);
  const std::optional<int> decimals = decimals_of(answer, series);
  const std::vector<Shown> points = points_of(series, decimals);
  out += title_of(answer, series, drawing.zone);
  const Statistics all = statistics_of(points);
  if (all.count > 0) {
    append_plot(points, all, drawing, decimals, out);
    fmt::format_to(to, "min {}  mean {}  max {}\n", number_text(all.least, decimals),
                   number_text(all.sum / static_cast<double>(all.count), decimals),
                   number_text(all.greatest, decimals));
  } else {
    const bool has_text =
        std::ranges::any_of(points, [](const Shown& each) { return each.text != "-"; });
    out += has_text ? "no numbers\n" : "no values were reported\n";
  }
  append_table(points, drawing, out);
}

bool is_text(const Json* value) { return value != nullptr && value->is_string(); }
bool is_time(const Json* value) { return value != nullptr && value->is_int64(); }

bool is_point(const Json& value) {
  const wire::JsonArray* pair = value.if_array();
  return pair != nullptr && pair->size() == 2 && is_time(pair->data());
}

bool is_series(const Json& series) {
  const Json* points = wire::member(series, "points");
  const Json* unit = wire::member(series, "unit");
  const Json* scale = wire::member(series, "scale");
  return is_text(wire::member(series, "field")) && (unit == nullptr || unit->is_string()) &&
         (scale == nullptr || scale->is_number()) && points != nullptr && points->is_array() &&
         std::ranges::all_of(points->get_array(), is_point);
}

}  // namespace

bool is_history(const Json& answer) {
  const Json* all = wire::member(answer, "series");
  const Json* step = wire::member(answer, "step");
  const bool has_steps =
      step == nullptr || (step->is_int64() && is_text(wire::member(answer, "aggregate")));
  return is_time(wire::member(answer, "from")) && is_time(wire::member(answer, "to")) &&
         has_steps && all != nullptr && all->is_array() &&
         std::ranges::all_of(all->get_array(), is_series);
}

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
