// Bytes of the versions that are read can still be opened, and the examples in
// docs/internals/formats.md are what the program writes.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <fstream>
#include <iterator>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "history/blocks/block.h"
#include "history/blocks/chunk.h"
#include "history/blocks/hours.h"
#include "history/blocks/rollup.h"
#include "history/blocks/rows.h"
#include "history/energy/earlier_energies.h"
#include "history/energy/energy_integrator.h"
#include "history/store/store.h"
#include "journal/batch.h"
#include "testing/source_path.h"

namespace gridloom::history {
namespace {

using testing::ElementsAre;

std::string file(const std::string& path) {
  std::ifstream in(source_path("") + path, std::ios::binary);
  EXPECT_TRUE(in.good()) << path;
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

// The bytes of the example under a heading: the pairs of hex digits at the beginning of each line
// of its first code block.
std::string example(const std::string& heading) {
  const std::string page = file("docs/internals/formats.md");
  const std::size_t section = page.find("\n### " + heading + "\n");
  const std::size_t begin = page.find("```\n", section) + 4;
  const std::size_t end = page.find("```", begin);
  EXPECT_LT(section, end) << heading;
  std::string bytes;
  for (std::size_t at = begin; at < end; at = page.find('\n', at) + 1) {
    for (; page.substr(at).find_first_not_of("0123456789ABCDEF") == 2; at += 3) {
      bytes += static_cast<char>(std::stoi(page.substr(at, 2), nullptr, 16));
      if (page[at + 2] != ' ') break;
    }
  }
  return bytes;
}

std::string hex(std::string_view bytes) {
  std::string text;
  for (const char c : bytes) {
    constexpr std::string_view kDigits = "0123456789ABCDEF";
    text += kDigits[static_cast<std::uint8_t>(c) >> 4U];
    text += kDigits[static_cast<std::uint8_t>(c) & 15U];
    text += ' ';
  }
  return text;
}

std::vector<std::string> rows_of_batch(std::string_view bytes) {
  std::vector<std::string> rows;
  journal::BatchReader reader(bytes);
  while (const auto* row = reader.next()) {
    std::string& text =
        rows.emplace_back(std::to_string(row->device) + " " + std::to_string(row->at_ms));
    for (const auto& field : reader.fields()) {
      text += " " + std::string(reader.names().at(field.name)) + "=" + text_of(field.value);
    }
  }
  EXPECT_FALSE(reader.failed());
  return rows;
}

std::vector<std::string> rows_of_part(std::string_view chunk) {
  std::vector<std::string> rows;
  EXPECT_TRUE(each_row(chunk, [&](std::int64_t at_ms, std::span<const Sample> samples) {
                std::string& text = rows.emplace_back(std::to_string(at_ms));
                for (const Sample& sample : samples) {
                  text += " " + std::to_string(sample.field) + "=" + text_of(sample.value);
                }
              }).has_value());
  return rows;
}

TEST(Formats, TheExampleOfABatchIsWhatIsWritten) {
  journal::BatchWriter writer;
  writer.begin(12, 1'700'000'000'000);
  writer.add("tank.temperature_c", "54.5");
  writer.add("heating", "true");
  writer.end();
  writer.begin(12, 1'700'000'010'000);
  writer.add("tank.temperature_c", "54.50");
  writer.end();
  writer.begin(12, 1'700'000'020'000);
  writer.add("tank.temperature_c", "54.50");
  writer.end();
  EXPECT_EQ(hex(example("Example of a batch")), hex(writer.take()));
  EXPECT_THAT(rows_of_batch(example("Example of a batch")),
              ElementsAre("12 1700000000000 tank.temperature_c=54.5 heating=true",
                          "12 1700000010000 tank.temperature_c=54.50",
                          "12 1700000020000 tank.temperature_c=54.50"));
}

std::string values_of(const std::vector<std::string>& json) {
  std::string values;
  for (const std::string& value : json) append_value(values, value_of(value));
  return values;
}

TEST(Formats, TheExampleOfRowsIsWhatIsWritten) {
  RowsWriter writer;
  writer.add(1'700'000'000'000, 0, std::vector<FieldId>{0, 3}, values_of({"54.5", "true"}));
  writer.add(1'700'000'010'000, 1, std::vector<FieldId>{0}, values_of({"54.50"}));
  writer.add(1'700'000'020'000, 1, {}, values_of({"54.8"}));
  const std::string bytes = writer.finish();
  EXPECT_EQ(hex(example("Example of rows")), hex(bytes));
  EXPECT_THAT(rows_of_part(bytes), ElementsAre("1700000000000 0=54.5 3=true",
                                               "1700000010000 0=54.50", "1700000020000 0=54.8"));
}

TEST(Formats, TheExampleOfABlockIsWhatIsWritten) {
  BlockWriter writer;
  const auto number = [](FieldId field, std::string_view json) {
    return Sample{.field = field, .value = value_of(json)};
  };
  writer.add(1'700'000'000'000, std::vector{number(0, "54.5"), number(3, "true")});
  writer.add(1'700'000'010'000, std::vector{number(0, "55.0"), number(1, "7")});
  writer.add(1'700'000'020'000, std::vector{number(0, "54.8")});
  const std::string bytes = writer.finish();
  EXPECT_EQ(hex(example("Example of a block")), hex(bytes));
}

TEST(Formats, TheExampleOfQuartersIsWhatIsWritten) {
  constexpr std::int64_t kHourNumber = 472'222;
  BlockWriter writer;
  const auto add = [&](std::int64_t after_ms, std::vector<Sample> samples) {
    writer.add(kHourNumber * kHour_ms + after_ms, samples);
  };
  add(0, {{.field = 0, .value = value_of("54.5")}, {.field = 3, .value = value_of("true")}});
  add(10'000, {{.field = 0, .value = value_of("55.5")}});
  const std::string bytes = writer.finish();
  const auto block = Block::open(bytes);
  ASSERT_TRUE(block.has_value());
  const auto quarters = rollups_of(kHourNumber, std::span(&*block, 1));
  ASSERT_TRUE(quarters.has_value());
  EXPECT_EQ(hex(example("Example of quarters")), hex(write_rollups(*quarters)));
  EXPECT_EQ(read_rollups(kHourNumber, example("Example of quarters")), *quarters);
}

TEST(Formats, TheExampleOfEnergiesIsWhatIsWritten) {
  constexpr std::int64_t kHourNumber = 472'000;
  HourEnergies energies;
  energies.quarters[kHourNumber * 4 - 1].of(EnergyFlow::kPv) = 40;
  energies.quarters[kHourNumber * 4].of(EnergyFlow::kPv) = 60;
  energies.quarters[kHourNumber * 4].of(EnergyFlow::kLoad) = 0.3;
  energies.held = {{12, 1.2}};
  energies.known = {
      {.from_ms = kHourNumber * kHour_ms - 60'000, .to_ms = kHourNumber * kHour_ms + 1'200'000}};
  EXPECT_EQ(hex(example("Example of energies")), hex(to_bytes(kHourNumber, energies)));
}

// Version 1 has no held powers, neither it nor version 2 says what is known, and none before 4 has
// a revision.
TEST(Formats, EnergiesOfEarlierVersionsAreConverted) {
  constexpr std::int64_t kHourNumber = 472'000;
  struct Row {
    std::string_view name;
    std::map<FieldId, double> held;
  };
  for (const Row& row : std::vector<Row>{{"energies-1.bin", {}}, {"energies-2.bin", {{12, 1.2}}}}) {
    const std::string before = file(fmt::format("tests/formats/{}", row.name));
    EXPECT_FALSE(energies_of(kHourNumber, before)) << row.name;
    const auto energies = energies_of(kHourNumber, energies_of_today(kHourNumber, before));
    ASSERT_TRUE(energies.has_value()) << row.name;
    EXPECT_EQ(energies->revision, 1) << row.name;
    ASSERT_EQ(energies->quarters.size(), 2U) << row.name;
    EXPECT_EQ(energies->quarters.at(kHourNumber * 4 - 1).of(EnergyFlow::kPv), 40) << row.name;
    EXPECT_EQ(energies->quarters.at(kHourNumber * 4).of(EnergyFlow::kPv), 60) << row.name;
    EXPECT_EQ(energies->quarters.at(kHourNumber * 4).of(EnergyFlow::kLoad), 0.3) << row.name;
    EXPECT_EQ(energies->held, row.held) << row.name;
    EXPECT_THAT(energies->known, ElementsAre(KnownSpan{.from_ms = kHourNumber * kHour_ms,
                                                       .to_ms = (kHourNumber + 1) * kHour_ms}))
        << row.name;
  }
  std::string today = example("Example of energies");
  EXPECT_EQ(hex(energies_of_today(kHourNumber, today)), hex(today));
  const std::string of_version_3 = "\x03" + today.substr(2);
  EXPECT_EQ(hex(energies_of_today(kHourNumber, of_version_3)), hex(today));
  EXPECT_EQ(energies_of_today(kHourNumber, "\x03\xff"), "\x03\xff") << "it cannot be read";
  EXPECT_EQ(energies_of_today(kHourNumber, ""), "");
}

// The content of tests/formats/block-1.block and of the batch there: all forms of columns.
struct Fixed {
  std::int64_t at_ms = 0;
  std::vector<std::pair<FieldId, std::string>> fields;
};

std::vector<Fixed> fixed_rows() {
  std::vector<Fixed> rows;
  for (int i = 0; i < 60; ++i) {
    // A gap of ten minutes in the middle.
    Fixed row{
        .at_ms = 1'700'000'000'000 + std::int64_t{i} * 10'000 + i % 3 + (i < 30 ? 0 : 600'000),
        .fields = {}};
    row.fields.emplace_back(0, std::to_string(50'000 + i * 37 % 101));  // in all rows
    row.fields.emplace_back(1, "230");                                  // constant
    if (i % 2 == 0) row.fields.emplace_back(2, "-" + std::to_string(i) + ".25");
    if (i % 20 == 3) row.fields.emplace_back(3, std::to_string(i * 1000));  // rarely
    // Numbers without a common scale.
    if (i % 3 == 0) row.fields.emplace_back(4, i % 2 == 0 ? "0.00000000000000001" : "900000000000");
    row.fields.emplace_back(5, i < 30 ? "\"charging\"" : "\"idle\"");
    row.fields.emplace_back(6, i % 4 == 0 ? "null" : std::to_string(i) + ".5");  // both kinds
    if (i % 7 == 0) row.fields.emplace_back(100'000, "[1,{\"a\":\"\xC3\xBC\"}]");
    rows.push_back(std::move(row));
  }
  return rows;
}

TEST(Formats, ABatchOfVersion3StillOpens) {
  std::vector<std::string> wanted;
  for (const Fixed& row : fixed_rows()) {
    std::string& text = wanted.emplace_back("7 " + std::to_string(row.at_ms));
    for (const auto& [field, json] : row.fields) {
      text += " field" + std::to_string(field) + "=" + json;
    }
  }
  EXPECT_EQ(rows_of_batch(file("tests/formats/batch-3.batch")), wanted);
}

TEST(Formats, RowsOfVersion1StillOpen) {
  std::vector<std::string> wanted;
  for (const Fixed& row : fixed_rows()) {
    std::string& text = wanted.emplace_back(std::to_string(row.at_ms));
    for (const auto& [field, json] : row.fields) text += " " + std::to_string(field) + "=" + json;
  }
  EXPECT_EQ(rows_of_part(file("tests/formats/rows-1.rows")), wanted);
}

TEST(Formats, ABlockOfVersion1StillOpens) {
  const std::string bytes = file("tests/formats/block-1.block");
  std::vector<std::string> wanted;
  for (const Fixed& row : fixed_rows()) {
    std::string& text = wanted.emplace_back(std::to_string(row.at_ms));
    for (const auto& [field, json] : row.fields) text += " " + std::to_string(field) + "=" + json;
  }
  EXPECT_EQ(rows_of_part(bytes), wanted);

  const auto block = Block::open(bytes);
  ASSERT_TRUE(block.has_value());
  const auto voltage = block->statistics(1);
  ASSERT_TRUE(voltage.has_value());
  EXPECT_EQ(voltage->count, 60U);
  EXPECT_EQ(voltage->sum, 60 * 230);
  // Rows are about ten seconds apart; the gap does not count.
  EXPECT_EQ(voltage->integral, 230.0 * (58 * 10'000 + 4));
  const auto loose = block->statistics(4);
  ASSERT_TRUE(loose.has_value());
  EXPECT_EQ(loose->count, 20U);
  EXPECT_EQ(loose->min, 1e-17);
  EXPECT_EQ(loose->max, 9e11);
  EXPECT_FALSE(block->statistics(5).has_value());
}

// The 15-minute rollups of that block, as in tests/formats/quarters-1.bin.
std::string fixed_quarters() {
  const std::string bytes = file("tests/formats/block-1.block");
  const auto block = Block::open(bytes);
  EXPECT_TRUE(block.has_value());
  const auto quarters = rollups_of(1'700'000'000'000 / kHour_ms, std::span(&*block, 1));
  EXPECT_TRUE(quarters.has_value());
  return write_rollups(*quarters);
}

TEST(Formats, QuartersOfVersion1AreStillRead) {
  const std::int64_t hour = 1'700'000'000'000 / kHour_ms;
  const auto kept = read_rollups(hour, file("tests/formats/quarters-1.bin"));
  ASSERT_TRUE(kept.has_value()) << kept.error().detail;
  EXPECT_EQ(*kept, *read_rollups(hour, fixed_quarters()));
  std::vector<std::string> lines;
  for (const Rollup& quarter : *kept) {
    for (const RollupField& field : quarter.fields) {
      lines.push_back(std::to_string((quarter.begin_ms - hour * kHour_ms) / kQuarter_ms) + " " +
                      std::to_string(field.field) + " " + std::to_string(field.count) + " " +
                      std::to_string(field.held_ms) + " " + std::to_string(field.texts) + " " +
                      field.last_text);
    }
  }
  EXPECT_THAT(
      lines,
      ElementsAre("0 0 10 100000 0 ", "0 1 10 100000 0 ", "0 2 5 100000 0 ", "0 3 1 70000 0 ",
                  "0 4 4 100000 0 ", "0 5 0 0 10 \"charging\"", "0 6 7 89999 3 null",
                  "0 100000 0 0 2 [1,{\"a\":\"\xC3\xBC\"}]", "1 0 30 290002 0 ", "1 1 30 290002 0 ",
                  "1 2 15 290002 0 ", "1 3 1 290002 0 ", "1 4 10 290002 0 ", "1 5 0 0 30 \"idle\"",
                  "1 6 23 290002 7 null", "1 100000 0 0 4 [1,{\"a\":\"\xC3\xBC\"}]",
                  "2 0 20 190002 0 ", "2 1 20 190002 0 ", "2 2 10 190002 0 ", "2 3 1 190002 0 ",
                  "2 4 6 190002 0 ", "2 5 0 0 20 \"idle\"", "2 6 15 190002 5 null",
                  "2 100000 0 0 3 [1,{\"a\":\"\xC3\xBC\"}]"));
}

}  // namespace
}  // namespace gridloom::history
