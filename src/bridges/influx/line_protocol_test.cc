#include "bridges/influx/line_protocol.h"

#include <gtest/gtest.h>

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "testing/dice.h"

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

}  // namespace
}  // namespace gridloom::bridges
