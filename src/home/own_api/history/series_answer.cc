#include "own_api/history/series_answer.h"

#include <fmt/format.h>

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <span>
#include <utility>
#include <vector>

#include "base/csv.h"
#include "time/iso_text.h"
#include "time/time_zone.h"
#include "wire/json.h"

namespace gridloom::api {
namespace {

using history::SeriesPoint;
using history::SeriesRequest;

void append_number(std::string& out, double number) {
  fmt::format_to(std::back_inserter(out), "{}", number);
}

void append_value(std::string& out, const SeriesPoint& point) {
  if (!point.text.empty()) {
    out += point.text;
  } else if (point.number) {
    append_number(out, *point.number);
  } else {
    out += "null";
  }
}

// Appends a JSON string as its characters, and any other value as it is.
void append_cell_of(std::string& out, const SeriesPoint& point) {
  if (point.text.empty()) {
    if (point.number) append_number(out, *point.number);
    return;
  }
  if (point.number) {  // as the device wrote it; -1 is not a formula
    out += point.text;
    return;
  }
  if (point.text.front() == '"') {
    const auto value = wire::parse_json(point.text, {.bytes = point.text.size()});
    if (value && value->is_string()) return append_csv_cell(out, std::string(value->get_string()));
  }
  append_csv_cell(out, point.text);
}

}  // namespace

// Writes the series that it receives as text.
class SeriesText : public history::SeriesSink {
 public:
  // Appends what was written since the last call.
  void move_to(std::string& out) {
    out += text_;
    text_.clear();
  }

 protected:
  std::string& text() { return text_; }

 private:
  std::string text_;
};

namespace {

class JsonText final : public SeriesText {
 public:
  explicit JsonText(const SeriesAnswer::Options& options)
      : sn_(options.sn), request_(options.request), unit_of_(options.unit_of) {}

 private:
  void begin(const std::vector<std::string>& /*fields*/) override {
    text() += R"({"sn":)";
    wire::append_quoted(text(), sn_);
    fmt::format_to(std::back_inserter(text()), R"(,"from":{},"to":{})", request_.from_ms,
                   request_.to_ms);
    if (request_.step_ms > 0) {
      fmt::format_to(std::back_inserter(text()), R"(,"step":{},"aggregate":"{}")", request_.step_ms,
                     name_of(request_.aggregate));
    }
    text() += R"(,"series":[)";
  }

  void begin_field(std::string_view name) override {
    text() += std::exchange(first_field_, false) ? R"({"field":)" : R"(,{"field":)";
    wire::append_quoted(text(), name);
    const FieldUnit unit = unit_of_ ? unit_of_(name) : FieldUnit();
    if (!unit.unit.empty()) {
      text() += R"(,"unit":)";
      wire::append_quoted(text(), unit.unit);
    }
    if (unit.scale != 1) {
      text() += R"(,"scale":)";
      append_number(text(), unit.scale);
    }
    if (unit.decimals) {
      fmt::format_to(std::back_inserter(text()), R"(,"decimals":{})", *unit.decimals);
    }
    text() += R"(,"points":[)";
    first_point_ = true;
  }

  void add_points(std::span<const SeriesPoint> points) override {
    for (const SeriesPoint& point : points) {
      text() += std::exchange(first_point_, false) ? "[" : ",[";
      fmt::format_to(std::back_inserter(text()), "{},", point.at_ms);
      append_value(text(), point);
      text() += ']';
    }
  }

  void end_field() override { text() += "]}"; }
  void add_row(std::int64_t /*at_ms*/, std::span<const SeriesPoint* const> /*row*/) override {}
  void end() override { text() += "]}"; }

  const std::string sn_;
  const SeriesRequest request_;
  const UnitOf unit_of_;
  bool first_field_ = true;
  bool first_point_ = true;  // of its field
};

// Numbers are in the unit that the heading of their column names.
class CsvText final : public SeriesText {
 public:
  explicit CsvText(const SeriesAnswer::Options& options)
      : aggregate_(options.request.step_ms > 0 ? options.request.aggregate
                                               : history::Aggregate::kLast),
        zone_(options.request.zone),
        unit_of_(options.unit_of) {}

 private:
  void begin(const std::vector<std::string>& fields) override {
    text() += "time";
    for (const std::string& field : fields) {
      const FieldUnit unit = unit_in_cells(field);
      scales_.push_back(unit.scale);
      text() += ',';
      append_csv_cell(text(), unit.unit.empty() ? field : fmt::format("{} [{}]", field, unit.unit));
    }
    text() += ",local_time\r\n";
  }

  void begin_field(std::string_view /*name*/) override {}
  void add_points(std::span<const SeriesPoint> /*points*/) override {}
  void end_field() override {}

  void add_row(std::int64_t at_ms, std::span<const SeriesPoint* const> row) override {
    time::append_utc(text(), at_ms);
    for (std::size_t i = 0; i < row.size(); ++i) {
      text() += ',';
      if (row[i] != nullptr) append_in_unit(*row[i], scales_.at(i));
    }
    text() += ',';
    text() += time::iso_text(at_ms, zone_);
    text() += "\r\n";
  }

  void end() override {}

  // A count of values has no unit, and an integral over hours that of an energy.
  [[nodiscard]] FieldUnit unit_in_cells(std::string_view field) const {
    if (!unit_of_ || aggregate_ == history::Aggregate::kCount) return {};
    FieldUnit unit = unit_of_(field);
    if (aggregate_ == history::Aggregate::kIntegral && !unit.unit.empty()) unit.unit += 'h';
    return unit;
  }

  void append_in_unit(const SeriesPoint& point, double scale) {
    if (!point.number || scale == 1) return append_cell_of(text(), point);
    // Fewer digits than a double has: 290 tenths are 29, and not 29.000000000000004.
    fmt::format_to(std::back_inserter(text()), "{:.12g}", *point.number * scale);
  }

  const history::Aggregate aggregate_;
  const time::TimeZone zone_;
  const UnitOf unit_of_;
  std::vector<double> scales_;  // by column
};

bool is_csv(const SeriesAnswer::Options& options) {
  return options.request.format == SeriesRequest::Format::kCsv;
}

std::unique_ptr<SeriesText> text_for(const SeriesAnswer::Options& options) {
  if (is_csv(options)) return std::make_unique<CsvText>(options);
  return std::make_unique<JsonText>(options);
}

history::SeriesReader::Options reading_of(SeriesAnswer::Options options) {
  const auto order = is_csv(options) ? history::SeriesReader::Order::kByTime
                                     : history::SeriesReader::Order::kByField;
  return {.device = options.device,
          .request = std::move(options.request),
          .limits = options.limits,
          .order = order};
}

}  // namespace

UnitOf units_of(catalog::FamilyPtr family) {
  return [family = std::move(family)](std::string_view name) -> FieldUnit {
    const catalog::Field* field = family->field(name);
    if (field == nullptr) return {};
    return {.unit = field->unit, .scale = field->scale, .decimals = {}};
  };
}

SeriesAnswer::SeriesAnswer(Options options)
    : text_(text_for(options)), series_(reading_of(std::move(options))) {}

SeriesAnswer::SeriesAnswer(SeriesAnswer&&) noexcept = default;

SeriesAnswer::~SeriesAnswer() = default;

Status SeriesAnswer::work(history::Reader& reader, std::string& out) {
  Status worked = series_.work(reader, *text_);
  text_->move_to(out);
  return worked;
}

}  // namespace gridloom::api
