#include "journal/batch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "testing/dice.h"

namespace gridloom::journal {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;

// A row that owns all its data.
struct Report {
  DeviceNumber device = 0;
  std::int64_t at_ms = 0;
  std::vector<std::pair<std::string, std::string>> fields;  // name, JSON

  friend bool operator==(const Report&, const Report&) = default;
};

std::ostream& operator<<(std::ostream& out, const Report& report) {
  out << "device " << report.device << " at " << report.at_ms << ":";
  for (const auto& [name, json] : report.fields) out << " " << name << "=" << json;
  return out;
}

struct Read {
  std::vector<Report> reports;
  bool failed = false;
};

Read read(std::string_view bytes) {
  Read result;
  BatchReader reader(bytes);
  while (const BatchReader::Row* row = reader.next()) {
    Report report{.device = row->device, .at_ms = row->at_ms, .fields = {}};
    for (const BatchReader::Field& field : reader.fields()) {
      report.fields.emplace_back(reader.names().at(field.name), text_of(field.value));
    }
    if (!reader.failed()) result.reports.push_back(std::move(report));
  }
  result.failed = reader.failed();
  return result;
}

void add(BatchWriter& writer, const Report& report) {
  writer.begin(report.device, report.at_ms);
  for (const auto& [name, json] : report.fields) writer.add(name, json);
  writer.end();
}

std::string written(const std::vector<Report>& reports) {
  BatchWriter writer;
  for (const Report& report : reports) add(writer, report);
  return writer.take();
}

std::vector<Report> random_reports(Dice& dice, std::size_t count) {
  std::vector<std::string> names;
  for (int i = 0; i < 30; ++i) names.push_back("group.field" + std::to_string(i));
  names.emplace_back("");
  names.emplace_back("größe.電力");
  std::vector<Report> reports(count);
  std::int64_t at_ms = 1'700'000'000'000;
  for (Report& report : reports) {
    at_ms += dice.between(-100, 10'000);
    report.device = dice.between(1, 5);
    report.at_ms = dice.once_in(20) ? dice.any_integer() : at_ms;
    for (std::size_t n = dice.below(12); n > 0; --n) {
      report.fields.emplace_back(dice.one_of(names), dice.any_json());
    }
  }
  return reports;
}

TEST(Batch, GivesBackWhatWasWritten) {
  const std::vector<Report> reports = {
      {.device = 7, .at_ms = 1'700'000'000'000, .fields = {{"pv.power", "120.50"}, {"on", "true"}}},
      {.device = 8, .at_ms = 1'700'000'000'000, .fields = {}},
      {.device = 7, .at_ms = 1'699'999'999'000, .fields = {{"on", "null"}, {"pv.power", "-1"}}},
      {.device = 7, .at_ms = 1'700'000'000'001, .fields = {{"on", "1e3"}, {"on", "[1, 2]"}}},
  };
  const Read got = read(written(reports));
  EXPECT_FALSE(got.failed);
  EXPECT_EQ(got.reports, reports);
}

TEST(Batch, KeepsAnyStreamOfReports) {
  Dice dice(1);
  for (int round = 0; round < 50; ++round) {
    const std::vector<Report> reports = random_reports(dice, 1 + dice.below(60));
    const Read got = read(written(reports));
    EXPECT_FALSE(got.failed);
    ASSERT_EQ(got.reports, reports) << "round " << round;
  }
}

TEST(Batch, KeepsTimesAndDevicesAtTheirLimits) {
  using Limits = std::numeric_limits<std::int64_t>;
  std::vector<Report> reports;
  for (const std::int64_t at_ms : {Limits::min(), Limits::max(), std::int64_t{0}, Limits::min()}) {
    for (const std::int64_t device : {std::int64_t{0}, Limits::max(), Limits::min()}) {
      reports.push_back({.device = device, .at_ms = at_ms, .fields = {}});
    }
  }
  EXPECT_EQ(read(written(reports)).reports, reports);
}

TEST(Batch, ANameIsDefinedOncePerBatch) {
  BatchWriter writer;
  NameRef power;
  NameRef state;
  std::vector<std::string> batches;
  for (int batch = 0; batch < 3; ++batch) {
    for (int row = 0; row < 4; ++row) {
      writer.begin(1, row);
      if (row % 2 == batch % 2) writer.add(state, "state", "\"on\"");
      writer.add(power, "power", std::to_string(row));
      writer.add("power", "0");  // added by name, so it may get a second index
      writer.end();
    }
    batches.push_back(writer.take());
  }
  for (const std::string& batch : batches) {
    const Read got = read(batch);
    EXPECT_FALSE(got.failed);
    ASSERT_EQ(got.reports.size(), 4U);
    for (const Report& report : got.reports) {
      EXPECT_THAT(report.fields, testing::Contains(Pair("power", std::to_string(report.at_ms))));
    }
    EXPECT_EQ(batch.find("state", batch.find("state") + 1), std::string::npos);
  }
}

TEST(Batch, IsEmptyUntilAReportBeginsAndAfterItWasTaken) {
  BatchWriter writer;
  EXPECT_TRUE(writer.empty());
  add(writer, {.device = 1, .at_ms = 5, .fields = {}});
  EXPECT_FALSE(writer.empty());
  EXPECT_EQ(writer.size(), 7U);  // version, device, time, new shape, field count, two bytes of size
  const std::string taken = writer.take();
  EXPECT_EQ(taken.size(), 7U);
  EXPECT_TRUE(writer.empty());
}

TEST(Batch, MoreNamesThanAreRememberedAreWrittenCorrectly) {
  BatchWriter writer;
  for (int batch = 0; batch < 2; ++batch) {
    Report report{.device = 1, .at_ms = batch, .fields = {}};
    for (int i = 0; i < 5000; ++i) report.fields.emplace_back("f" + std::to_string(i), "1");
    add(writer, report);
    add(writer, report);
    EXPECT_THAT(read(writer.take()).reports, ElementsAre(report, report));
  }
}

TEST(Batch, ABatchOfAnUnknownVersionIsRefused) {
  std::string bytes = written({{.device = 1, .at_ms = 2, .fields = {{"a", "1"}}}});
  bytes[0] = 4;
  EXPECT_TRUE(read(bytes).failed);
  EXPECT_THAT(read(bytes).reports, IsEmpty());
  EXPECT_TRUE(read("").failed);
}

TEST(Batch, CutShortGivesTheRowsBeforeTheCutAndFails) {
  Dice dice(2);
  const std::vector<Report> reports = random_reports(dice, 20);
  const std::string bytes = written(reports);
  std::size_t whole_rows = 0;
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    const std::string cut = bytes.substr(0, size);  // a copy: detects reads beyond the end
    const Read got = read(cut);
    ASSERT_LE(got.reports.size(), reports.size());
    for (std::size_t i = 0; i < got.reports.size(); ++i) ASSERT_EQ(got.reports[i], reports[i]);
    // Only a cut between two rows looks like a regular end.
    if (!got.failed) ++whole_rows;
  }
  EXPECT_EQ(whole_rows, reports.size());
}

TEST(Batch, WithWrongBytesGivesAnythingButNeverReadsBeyondIt) {
  Dice dice(3);
  const std::string good = written(random_reports(dice, 20));
  std::size_t failed = 0;
  for (int round = 0; round < 3000; ++round) {
    std::string bytes = good;
    for (std::size_t n = 1 + dice.below(3); n > 0; --n) {
      bytes[dice.below(bytes.size())] = static_cast<char>(dice.bits());
    }
    const Read got = read(bytes);
    ASSERT_LE(got.reports.size(), bytes.size());
    if (got.failed) ++failed;
  }
  EXPECT_GT(failed, 0U);
}

TEST(Batch, RowsOfOneShapeDefineItOnce) {
  const Report first{.device = 1, .at_ms = 0, .fields = {{"a", "1"}, {"b", "2"}, {"c", "3"}}};
  const Report other{.device = 1, .at_ms = 0, .fields = {{"b", "2"}, {"a", "1"}, {"c", "3"}}};
  const std::size_t one = written({first}).size();
  const std::size_t row = written({first, first}).size() - one;
  EXPECT_EQ(row, 3 + 2 + 1U);  // device, time and shape, size, bitmap
  EXPECT_EQ(written({first, first, first}).size(), one + 2 * row);
  EXPECT_GT(written({first, other}).size(), one + row);
  EXPECT_EQ(written({first, other, first}).size(), written({first, other}).size() + row);
}

TEST(Batch, UndefinedNamesAndShapesAreMalformed) {
  using namespace std::string_view_literals;
  // Each input is a version, device 1, time 0, and one reference to something undefined.
  EXPECT_TRUE(read("\x03\x01\x00\x01\x01\x00"sv).failed);  // refers to a second shape
  EXPECT_TRUE(read("\x03\x01\x00\x00\x02\x01\x01"
                   "a\x00"sv)
                  .failed);  // refers to a second name in its shape
  EXPECT_TRUE(read("\x03\x01\x00\x00\x05\x01"
                   "a"sv)
                  .failed);  // lacks a name
}

TEST(Batch, ValuesThatDoNotFitTheShapeAreMalformed) {
  using namespace std::string_view_literals;
  constexpr auto kGood =
      "\x03\x01\x00\x00\x03\x01"
      "a\x02\x00\x02"sv;
  EXPECT_THAT(read(kGood).reports,
              ElementsAre(Report{.device = 1, .at_ms = 0, .fields = {{"a", "1"}}}));
  for (const std::string_view values : {"\x00"sv, "\x01\x00"sv, "\x04\x00\x02\x00\x02"sv}) {
    const Read got = read(std::string(kGood.substr(0, 7)).append(values));
    EXPECT_TRUE(got.failed);
    EXPECT_THAT(got.reports, IsEmpty());
  }
}

TEST(Batch, AValueThatTheShapesLastRowHasIsNotWrittenAgain) {
  const auto row = [](DeviceNumber device, std::string a, std::string b) {
    return Report{
        .device = device, .at_ms = 0, .fields = {{"a", std::move(a)}, {"b", std::move(b)}}};
  };
  const std::vector<Report> reports = {row(1, "1000", "\"on\""),  row(2, "1000", "\"off\""),
                                       row(1, "1001", "\"off\""), row(3, "1001", "\"off\""),
                                       row(1, "1.0", "1"),        row(1, "1", "1.0")};
  // Device, time, shape, two bytes of size, and the bitmap.
  constexpr std::size_t kHead = 6;
  const std::vector<std::size_t> values = {0, 2 + 5, 3, 0, 2 + 2, 2 + 2};
  std::size_t size = written({reports[0]}).size();
  for (std::size_t i = 1; i < reports.size(); ++i) {
    const std::vector<Report> some(reports.begin(), reports.begin() + static_cast<int>(i) + 1);
    const std::string bytes = written(some);
    EXPECT_EQ(bytes.size() - size, kHead + values[i]) << reports[i];
    EXPECT_EQ(read(bytes).reports, some);
    size = bytes.size();
  }
}

TEST(Batch, ARowMayDifferFromTheExpectedShapeAtAnyOfItsFields) {
  const Report full{.device = 1, .at_ms = 0, .fields = {{"a", "1"}, {"b", "2"}, {"c", "3"}}};
  const std::vector<std::vector<std::pair<std::string, std::string>>> others = {
      {},
      {{"a", "1"}},
      {{"a", "1"}, {"b", "4"}},
      {{"a", "1"}, {"c", "3"}},
      {{"a", "7"}, {"b", "2"}, {"c", "3"}, {"d", "4"}},
      {{"a", "1"}, {"b", "2"}, {"b", "3"}},
      {{"c", "3"}, {"a", "1"}},
      {{"a", "1"}, {"a", "1"}, {"a", "2"}},
  };
  for (const auto& fields : others) {
    const Report other{.device = 2, .at_ms = 1, .fields = fields};
    BatchWriter writer;
    for (const auto& reports : std::vector<std::vector<Report>>{{full, full, other, full, other},
                                                                {other, full, other, full},
                                                                {full, other, other, full},
                                                                {other}}) {
      for (const Report& report : reports) add(writer, report);
      const Read got = read(writer.take());
      EXPECT_FALSE(got.failed);
      EXPECT_EQ(got.reports, reports);
    }
  }
}

TEST(Batch, LongValuesAreWrittenInEachRow) {
  for (const std::size_t length : {14U, 15U, 200U, 20'000U}) {
    const Report report{
        .device = 1, .at_ms = 0, .fields = {{"a", std::string(length, 'x')}, {"b", "1"}}};
    const std::vector<Report> reports(3, report);
    const std::string bytes = written(reports);
    EXPECT_EQ(read(bytes).reports, reports);
    EXPECT_EQ(bytes.size() - written({report}).size() < length, length < 15) << length;
  }
}

// Rows of many devices, whose values are similar, in several batches of one writer.
TEST(Batch, KeepsSimilarRows) {
  Dice dice(4);
  BatchWriter writer;
  std::vector<std::string> values;
  for (int i = 0; i < 6; ++i) values.push_back(dice.any_json());
  for (int batch = 0; batch < 100; ++batch) {
    std::vector<Report> reports(1 + dice.below(20));
    for (Report& report : reports) {
      report.device = dice.between(1, 9);
      const std::size_t fields = dice.once_in(4) ? dice.below(20) : 17;
      for (std::size_t i = 0; i < fields; ++i) {
        report.fields.emplace_back("field" + std::to_string(i), dice.one_of(values));
      }
      add(writer, report);
    }
    const Read got = read(writer.take());
    EXPECT_FALSE(got.failed);
    ASSERT_EQ(got.reports, reports) << "batch " << batch;
  }
}

TEST(Batch, RowsThatDoNotFitTheOneBeforeAreMalformed) {
  using namespace std::string_view_literals;
  // Version 3, device 1, time 0, a shape of two new names, the values 1 and 2.
  constexpr auto kFirst =
      "\x03\x01\x00\x00\x05\x01"
      "a\x01"
      "b\x04\x00\x02\x00\x04"sv;
  constexpr auto kRow = "\x01\x00\x00"sv;  // device 1, the same time and shape
  const auto with = [&](std::string_view first, std::string_view rest) {
    return read(std::string(first).append(kRow).append(rest));
  };
  const Report one{.device = 1, .at_ms = 0, .fields = {{"a", "1"}, {"b", "2"}}};
  const Report two{.device = 1, .at_ms = 0, .fields = {{"a", "1"}, {"b", "3"}}};
  EXPECT_THAT(with(kFirst, "\x03\x02\x00\x06"sv).reports, ElementsAre(one, two));
  EXPECT_THAT(with(kFirst, "\x01\x00"sv).reports, ElementsAre(one, one));
  EXPECT_THAT(with(kFirst, "\x83\x00\x02\x00\x06"sv).reports, ElementsAre(one, two));
  for (const std::string_view rest : {
           "\x00"sv,                              // no bitmap
           "\x01\x01"sv,                          // no value for a bit
           "\x03\x00\x00\x06"sv,                  // a value without a bit
           "\x05\x01\x00\x06\x00\x06"sv,          // two for one
           "\x01\x04"sv,                          // a bit without a field
           "\x07\x07\x00\x02\x00\x04\x00\x06"sv,  // with a value
       }) {
    const Read got = with(kFirst, rest);
    EXPECT_TRUE(got.failed);
    EXPECT_THAT(got.reports, ElementsAre(one));
  }
  // A text of 15 characters is not repeated, and neither are values that are none.
  constexpr auto kLong =
      "\x03\x01\x00\x00\x03\x01"
      "a\x11\x20\x0F"
      "xxxxxxxxxxxxxxx"sv;
  EXPECT_EQ(read(kLong).reports.size(), 1U);
  EXPECT_TRUE(with(kLong, "\x01\x00"sv).failed);
  constexpr auto kNone =
      "\x03\x01\x00\x00\x03\x01"
      "a\x00"sv;
  EXPECT_TRUE(with(kNone, "\x01\x00"sv).failed);
}

}  // namespace
}  // namespace gridloom::journal
