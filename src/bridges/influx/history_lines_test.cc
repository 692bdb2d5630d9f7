#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <memory>
#include <optional>
#include <semaphore>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "bridges/influx/history_lines.h"
#include "history/blocks/hours.h"
#include "history/test_reports.h"
#include "testing/dice.h"
#include "testing/must.h"
#include "wire/json.h"

namespace gridloom::bridges {
namespace {

using Pairs = std::vector<std::pair<std::string, std::string>>;

// A line as the description of the protocol has it read, by a reader of its own.
struct ReadLine {
  std::string measurement;
  Pairs tags;
  Pairs fields;
  std::string at;
};

class LineReader {
 public:
  explicit LineReader(std::string_view line) : rest_(line) {}

  std::optional<ReadLine> read() {
    ReadLine line;
    line.measurement = word(", ");
    while (take(',')) line.tags.push_back(tag());
    if (!take(' ')) return std::nullopt;
    do {
      line.fields.push_back(field());
    } while (take(','));
    if (!take(' ')) return std::nullopt;
    line.at = std::string(rest_);
    return line;
  }

 private:
  bool take(char wanted) {
    if (!rest_.starts_with(wanted)) return false;
    rest_.remove_prefix(1);
    return true;
  }
  // Up to one of the characters, with what a backslash escapes.
  std::string word(std::string_view until) {
    std::string word;
    while (!rest_.empty() && !until.contains(rest_.front())) {
      const bool is_escaped = rest_.front() == '\\' && rest_.size() > 1 &&
                              std::string_view(",= \"\\").contains(rest_[1]);
      if (is_escaped) rest_.remove_prefix(1);
      word += rest_.front();
      rest_.remove_prefix(1);
    }
    return word;
  }
  std::pair<std::string, std::string> tag() {
    std::string name = word("=");
    take('=');
    return {std::move(name), word(", ")};
  }
  // A text keeps its first quote.
  std::pair<std::string, std::string> field() {
    std::string name = word("=");
    take('=');
    if (!take('"')) return {std::move(name), word(", ")};
    std::string text = word("\"");
    take('"');
    return {std::move(name), '"' + text};
  }

  std::string_view rest_;
};

std::string line_of(std::string_view measurement, const std::vector<NamedText>& tags,
                    const std::vector<PlainValue>& values) {
  LineWriter writer(line_begin(measurement, tags));
  for (const PlainValue& each : values) writer.add(each);
  std::string out;
  writer.end(1'700'000'000'000, out);
  return out;
}

PlainValue value(std::string name, decltype(PlainValue::value) value) {
  PlainValue made;
  made.name = std::move(name);
  made.value = std::move(value);
  return made;
}

TEST(LineProtocol, ALineHasMeasurementTagsFieldsAndTime) {
  EXPECT_EQ(
      line_of("delta_2", {{.name = "sn", .text = "R33"}, {.name = "name", .text = "My kitchen"}},
              {value("pd.soc", 62.0), value("on", true), value("mode", std::string("eco"))}),
      "delta_2,sn=R33,name=My\\ kitchen pd.soc=62,on=true,mode=\"eco\" 1700000000000\n");
}

TEST(LineProtocol, WhatHasNoValueIsLeftOut) {
  EXPECT_EQ(line_of("m", {{.name = "name", .text = ""}},
                    {value("a", NoValue()), value("b", 1.5), value("c", NoValue())}),
            "m b=1.5 1700000000000\n");
  EXPECT_EQ(line_of("m", {}, {value("a", NoValue())}), "");
}

TEST(LineProtocol, AWriterGoesOnWithTheNextLine) {
  LineWriter writer(line_begin("m", {}));
  std::string out;
  writer.add(value("a", 1.0));
  EXPECT_TRUE(writer.end(1, out));
  EXPECT_FALSE(writer.end(2, out));
  writer.add(value("b", -2.5));
  EXPECT_TRUE(writer.end(3, out));
  EXPECT_EQ(out, "m a=1 1\nm b=-2.5 3\n");
}

TEST(LineProtocol, ALineEndInANameEndsNoLine) {
  EXPECT_EQ(line_of("a\nb", {{.name = "t", .text = "c\nd"}}, {value("e\nf", std::string("g\nh"))}),
            "a?b,t=c?d e?f=\"g?h\" 1700000000000\n");
}

// Names and texts of printable characters, those with a meaning among them, come back as they were.
TEST(LineProtocol, AnyNamesAndTextsAreReadAsTheyWereWritten) {
  Dice dice(7);
  constexpr std::string_view kCharacters = "ab1.,= \"'\\{}#ü";
  const auto text = [&](std::size_t least) {
    std::string made;
    for (std::size_t size = least + dice.below(8); size > 0; --size) {
      made += kCharacters[dice.below(kCharacters.size() - 2)];
    }
    return made;
  };
  const auto name_of = [](std::string name) {
    for (char& each : name) each = each == '\\' ? '/' : each;
    return name;
  };
  for (int round = 0; round < 2'000; ++round) {
    // A measurement with a '=' is valid; one that begins with '#' would be a comment, and none
    // does.
    const std::string measurement = "m" + text(0);
    const std::string tag = "t" + text(0);
    const std::string tag_text = text(1);
    const std::string field = "f" + text(0);
    const std::string field_text = text(0);
    const std::string line =
        line_of(measurement, {{.name = tag, .text = tag_text}},
                {value(field, field_text), value("n" + field, 2.25), value("x", false)});
    ASSERT_TRUE(line.ends_with('\n'));
    const auto read = LineReader(std::string_view(line).substr(0, line.size() - 1)).read();
    ASSERT_TRUE(read) << line;
    EXPECT_EQ(read->measurement, name_of(measurement)) << line;
    EXPECT_EQ(read->tags, Pairs({{name_of(tag), name_of(tag_text)}})) << line;
    EXPECT_EQ(
        read->fields,
        Pairs({{name_of(field), '"' + field_text}, {"n" + name_of(field), "2.25"}, {"x", "false"}}))
        << line;
    EXPECT_EQ(read->at, "1700000000000");
  }
}

using namespace std::chrono_literals;

using testing::ElementsAre;
using testing::IsEmpty;
using Numbers = std::vector<int>;

constexpr DeviceNumber kDevice = 7;

std::shared_ptr<const InfluxSettings> settings_of(std::string_view json) {
  const wire::Json given = must(wire::parse_json(json));
  const auto arguments = must(parameters::Arguments::check(
      {.name = "influx", .declared = influx_parameters()}, given.get_object()));
  return std::make_shared<const InfluxSettings>(must(influx_settings(arguments)));
}

catalog::FamilyPtr station() {
  auto family = std::make_shared<catalog::Family>();
  family->id = "station";
  catalog::Field volts;
  volts.name = "vol";
  volts.type = catalog::FieldType::kInt;
  volts.scale = 0.1;
  family->fields = {volts};
  family->field_by_name = {{"vol", 0}};
  return family;
}

struct HistoryLinesTest : history::ReportsTest {
  HistoryLinesTest() : ReportsTest([](DeviceNumber /*device*/) { return station(); }) { open(); }
  ~HistoryLinesTest() override { close(); }

  // What is new since `position_`.
  [[nodiscard]] std::unique_ptr<HistoryLines> lines(std::string_view settings = kAll) const {
    return std::make_unique<HistoryLines>(
        HistoryLines::Device{.sn = "R33", .name = "Cellar", .number = kDevice, .family = station()},
        settings_of(settings), position_, DevicePosition{.from_ms = unix_ms(kStart)});
  }
  // All that is new, which counts as written.
  std::string news() {
    const auto all = lines();
    std::string text;
    while (!all->done()) text += next(*all).text;
    position_ = all->position();
    return text;
  }
  // The values of the lines.
  Numbers values() {
    Numbers values;
    const std::string text = news();
    for (std::size_t at = 0; (at = text.find(" vol=", at)) != std::string::npos; ++at) {
      values.push_back(static_cast<int>(std::lround(std::stod(text.substr(at + 5)) * 10)));
    }
    return values;
  }
  void report(Millis after, int value) {
    ReportsTest::report(kDevice, after, "vol", std::to_string(value));
    send();
  }
  using ReportsTest::report;
  // Everything is in the store then, and nothing in memory.
  void store() {
    close();
    open();
  }
  // Reads until a batch is full or all is read.
  LineBatch next(HistoryLines& lines) {
    EXPECT_TRUE(archive_->flush());
    std::binary_semaphore ended(0);
    const bool is_taken = archive_->read({.account = 1, .step = [&](history::Reader& reader) {
                                            const Status worked = lines.work(reader);
                                            EXPECT_TRUE(worked);
                                            if (worked && !lines.done() && !lines.is_full()) {
                                              return history::Progress::kMore;
                                            }
                                            ended.release();
                                            return history::Progress::kDone;
                                          }});
    EXPECT_TRUE(is_taken);
    if (is_taken) ended.acquire();
    return lines.take();
  }

  static constexpr std::string_view kAll = R"({"url":"http://db","database":"d"})";

 protected:
  DevicePosition position_{};
};

TEST_F(HistoryLinesTest, EachReportIsALine) {
  report(kDevice, 0ms, "vol", "523");
  report(kDevice, 2s, "own", R"("eco")");
  report(kDevice, 3s, "vol", "524");
  send();
  const auto all = lines();
  const LineBatch batch = next(*all);
  const std::int64_t begin_ms = unix_ms(kStart);
  EXPECT_EQ(batch.text,
            fmt::format("station,sn=R33,name=Cellar,family=station vol=52.3 {}000000\n"
                        "station,sn=R33,name=Cellar,family=station own=\"eco\" {}000000\n"
                        "station,sn=R33,name=Cellar,family=station vol=52.4 {}000000\n",
                        begin_ms, begin_ms + 2'000, begin_ms + 3'000));
  EXPECT_EQ(batch.lines, 3U);
  EXPECT_TRUE(all->done());
  EXPECT_EQ(all->position().of(history::hour_of(begin_ms)).rows, 3);
}

// The database would keep the last of them only.
TEST_F(HistoryLinesTest, RowsOfOneMillisecondAreANanosecondApart) {
  for (const auto* value : {"523", "524", "525"}) report(kDevice, 1s, "vol", value);
  report(kDevice, 2s, "vol", "526");
  send();
  const std::int64_t at_ms = unix_ms(kStart + 1s);
  const std::string begin = "station,sn=R33,name=Cellar,family=station vol=";
  const std::string all = fmt::format(
      "{0}52.3 {1}000000\n{0}52.4 {1}000001\n{0}52.5 {1}000002\n"
      "{0}52.6 {2}000000\n",
      begin, at_ms, at_ms + 1'000);
  EXPECT_EQ(next(*lines()).text, all);
  EXPECT_EQ(news(), all) << "the same times when they are written again";
  report(1s, 527);
  EXPECT_EQ(news(), fmt::format("{0}52.3 {1}000000\n{0}52.4 {1}000001\n{0}52.5 {1}000002\n"
                                "{0}52.7 {1}000003\n{0}52.6 {2}000000\n",
                                begin, at_ms, at_ms + 1'000));
}

TEST_F(HistoryLinesTest, OnlyWhatIsNewIsALine) {
  report(1s, 1);
  EXPECT_THAT(values(), ElementsAre(1));
  EXPECT_THAT(values(), IsEmpty());
  report(2s, 2);
  EXPECT_THAT(values(), ElementsAre(2));
}

TEST_F(HistoryLinesTest, AnHourThatIsStoredMeanwhileIsNotWrittenAgain) {
  report(1s, 1);
  EXPECT_THAT(values(), ElementsAre(1));
  clock_.set(kStart + 2h);
  store();
  EXPECT_THAT(values(), IsEmpty());
  EXPECT_GT(position_.mark, 0);
}

TEST_F(HistoryLinesTest, AValueThatComesLateIsWrittenWithItsHour) {
  report(10s, 1);
  report(2h, 2);
  clock_.set(kStart + 2h);
  store();
  EXPECT_THAT(values(), ElementsAre(1, 2));
  report(5s, 3);
  EXPECT_THAT(values(), ElementsAre(3, 1));
  report(1h + 5s, 4);
  report(1h + 6s, 5);
  EXPECT_THAT(values(), ElementsAre(4, 5)) << "nothing is known of their hour";
  report(1h + 7s, 6);
  EXPECT_THAT(values(), ElementsAre(6));
}

TEST_F(HistoryLinesTest, AValueThatCameLateWhileNobodyLookedIsFoundInTheStore) {
  report(10s, 1);
  EXPECT_THAT(values(), ElementsAre(1));
  clock_.set(kStart + 5h);
  report(5h, 2);
  store();
  report(1h, 3);
  store();
  EXPECT_THAT(values(), testing::UnorderedElementsAre(2, 3));
}

TEST_F(HistoryLinesTest, ValuesBehindAClockThatWasAheadAreWritten) {
  report(30 * 24h, 1);
  clock_.set(kStart + 30 * 24h);
  store();
  EXPECT_THAT(values(), ElementsAre(1));
  clock_.set(kStart);
  report(0s, 2);
  report(1s, 3);
  EXPECT_THAT(values(), ElementsAre(2, 3));
}

TEST_F(HistoryLinesTest, TheFirstTimeBeginsAtItsTimeAndLaterOnesTakeAll) {
  for (int second = 0; second < 5; ++second) report(second * 1s, second);
  position_.from_ms = unix_ms(kStart + 3s);
  EXPECT_THAT(values(), ElementsAre(3, 4));
  EXPECT_EQ(position_.from_ms, kBeginOfTime_ms);
  report(-30min, 5);
  EXPECT_THAT(values(), ElementsAre(5));
}

TEST_F(HistoryLinesTest, NothingIsWrittenFromBeforeTheTimeThatTheSettingsName) {
  for (int second = 0; second < 5; ++second) report(second * 1s, second);
  const auto all = lines(
      fmt::format(R"({{"url":"http://db","database":"d","since":{}}})", unix_ms(kStart + 3s)));
  EXPECT_EQ(next(*all).lines, 2U);
}

TEST_F(HistoryLinesTest, APositionOfAnotherHistoryIsNotTaken) {
  report(1s, 1);
  clock_.set(kStart + 2h);
  store();
  EXPECT_THAT(values(), ElementsAre(1));
  position_.numbering += 1;
  EXPECT_THAT(values(), ElementsAre(1));
  position_.mark += 100;
  EXPECT_THAT(values(), ElementsAre(1)) << "the history was set back";
}

TEST_F(HistoryLinesTest, FieldsThatAreNotAskedForMakeNoLines) {
  report(kDevice, 0ms, "vol", "1");
  report(kDevice, 1s, "own", "2");
  send();
  const auto all = lines(R"({"url":"http://db","database":"d","fields":["v*"],"measurement":"m"})");
  const LineBatch batch = next(*all);
  EXPECT_EQ(batch.lines, 1U);
  EXPECT_TRUE(batch.text.starts_with("m,sn=R33"));
  EXPECT_EQ(all->position().hours.front().rows, 2) << "the row was looked at";
}

TEST_F(HistoryLinesTest, ManyRowsComeInBatchesOfALimitedSizeEachOnce) {
  constexpr int kRows = 12'000;
  for (int row = 0; row < kRows; ++row) {
    report(kDevice, row * 100ms, "vol", std::to_string(row));
    if (row % 1'000 == 999) send();
  }
  const auto all = lines();
  std::size_t rows = 0;
  std::size_t batches = 0;
  while (!all->done()) {
    const LineBatch batch = next(*all);
    rows += batch.lines;
    ++batches;
    EXPECT_LT(batch.lines, HistoryLines::kMaxLines * 2);
    EXPECT_EQ(static_cast<std::size_t>(std::ranges::count(batch.text, '\n')), batch.lines);
    if (!all->done()) EXPECT_TRUE(all->position().hours.empty()) << "the hour is not written yet";
  }
  EXPECT_EQ(rows, static_cast<std::size_t>(kRows));
  EXPECT_GE(batches, 2U);
}

}  // namespace

}  // namespace gridloom::bridges
