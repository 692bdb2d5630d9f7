// The reference pages: each names all of its family, its tables and links are whole, and the
// examples on it are accepted.
#include "catalog/family_page.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "catalog/family_json.h"
#include "catalog/loader.h"
#include "catalog/test_mistakes.h"
#include "testing/catalog.h"
#include "testing/must.h"

namespace gridloom::catalog {
namespace {

using testing::HasSubstr;

// By file name: the overview, and the page of each family that it lists.
std::map<std::string, std::string> shipped_pages() {
  const Catalog& catalog = *shipped_catalog();
  std::map<std::string, std::string> pages = {{"README.md", families_page(catalog)}};
  for (const FamilyPtr& family : catalog.families()) {
    if (!family->passthrough) pages[family->id + ".md"] = family_page(*family, catalog);
  }
  return pages;
}

// With each run of white space as one space: paragraphs are wrapped.
std::string unwrapped(const std::string& text) {
  std::istringstream words(text);
  std::string out;
  for (std::string word; words >> word;) out += word + ' ';
  return out;
}

// The text below each head "## TITLE", unwrapped.
std::map<std::string, std::string> sections_of(const std::string& page) {
  std::map<std::string, std::string> sections;
  std::istringstream lines(page);
  std::string title;
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("## ")) {
      title = line.substr(3);
    } else {
      sections[title] += line + '\n';
    }
  }
  for (auto& [name, text] : sections) text = unwrapped(text);
  return sections;
}

// What a page must say, and in which of its sections.
struct Named {
  std::string section;
  std::string text;
};

std::vector<Named> named_by(const Family& family) {
  std::vector<Named> all;
  for (const Field& field : family.fields) all.push_back({"Fields", "| `" + field.name + "` | "});
  for (const Command& command : family.commands) {
    all.push_back({"Commands", "Command `" + command.name + "`, source "});
    for (const Param& param : command.params) {
      all.push_back({"Commands", "| `" + param.name + "` | "});
    }
  }
  for (const Report& report : family.reports) {
    all.push_back({"Reports", "| " + report.name + " | "});
  }
  for (const Command& command : family.modbus_commands) {
    all.push_back({"Over Modbus", "| `" + command.name + "` | "});
  }
  for (const Quirk& quirk : family.notes.quirks) {
    all.push_back({"Peculiarities", unwrapped("- " + quirk.what + " (" + quirk.source + ")")});
  }
  for (const std::string& correction : family.notes.energy_corrections) {
    all.push_back({"Corrections of energies", unwrapped("- " + correction)});
  }
  for (const DeviceFault& fault : family.faults) {
    all.push_back({"Faults of virtual devices", "| `" + fault.name + "` | "});
  }
  return all;
}

void expect_named(const Family& family, const Catalog& catalog) {
  const auto sections = sections_of(family_page(family, catalog));
  for (const Named& each : named_by(family)) {
    const auto section = sections.find(each.section);
    EXPECT_TRUE(section != sections.end() && section->second.contains(each.text))
        << family.id << ", " << each.section << ": " << each.text;
  }
}

// Bars that separate cells: a bar in a cell has a backslash before it.
std::size_t bars(const std::string& row) {
  std::size_t count = 0;
  for (std::size_t at = 0; at < row.size(); ++at) {
    if (row[at] == '|' && (at == 0 || row[at - 1] != '\\')) ++count;
  }
  return count;
}

TEST(FamilyPage, NamesFieldsCommandsReportsAndQuirks) {
  const FamilyPtr family = made_up();
  ASSERT_TRUE(family);
  const Catalog alone(std::vector<FamilyPtr>{family});
  expect_named(*family, alone);
  EXPECT_THAT(family_page(*family, alone), HasSubstr("/api/v1/devices/MU1A0001/commands"));
  for (const FamilyPtr& each : shipped_catalog()->families()) {
    expect_named(*each, *shipped_catalog());
  }
}

TEST(FamilyPage, OverviewNamesEachFamilyAndProduct) {
  const Catalog& catalog = *shipped_catalog();
  const std::string page = families_page(catalog);
  for (const FamilyPtr& family : catalog.families()) {
    if (family->passthrough) continue;
    EXPECT_THAT(page, HasSubstr("\n| [" + family->product + "](" + family->id + ".md) | "));
  }
  for (const Product& product : catalog.products()) {
    const std::string served = product.family.empty()
                                   ? "none: " + reason_of(product, catalog)
                                   : "[" + product.family + "](" + product.family + ".md)";
    EXPECT_THAT(page, HasSubstr("\n| `" + product.prefix + "` | " + product.name + " | " + served));
  }
}

TEST(FamilyPage, RowsHaveAsManyColumnsAsTheHeadOfTheirTable) {
  auto pages = shipped_pages();
  const auto with_bar = must(load_family(
      "made_up.yaml", changed({"description: Charge,", "description: Charge | level,", ""})));
  pages["with a bar in a cell"] = family_page(*with_bar, Catalog({with_bar}));
  for (const auto& [file, page] : pages) {
    std::istringstream lines(page);
    std::size_t head = 0;  // bars; 0: outside of a table
    for (std::string line; std::getline(lines, line);) {
      if (!line.starts_with('|')) {
        head = 0;
      } else if (head == 0) {
        head = bars(line);
      } else {
        EXPECT_EQ(bars(line), head) << file << ": " << line;
      }
    }
  }
}

TEST(FamilyPage, LinksLeadToOtherPages) {
  const auto pages = shipped_pages();
  for (const auto& [file, page] : pages) {
    EXPECT_THAT(page, HasSubstr("]("));
    for (std::size_t at = page.find("]("); at != std::string::npos; at = page.find("](", at)) {
      at += 2;
      const std::string target = page.substr(at, page.find(')', at) - at);
      EXPECT_TRUE(pages.contains(target)) << file << ": " << target;
    }
  }
}

TEST(FamilyPage, ExamplesOfCommandsAreAccepted) {
  for (const FamilyPtr& family : shipped_catalog()->families()) {
    for (const Command& command : family->commands) {
      const auto checked = check_set(*family, example_set(*family, command, "SN"));
      ASSERT_TRUE(checked) << family->id << ' ' << command.name << ": " << checked.error().detail;
      EXPECT_EQ(checked->command, &command) << family->id << ' ' << command.name;
      for (const Param& param : command.params) {
        EXPECT_TRUE(param.ignored || checked->params.contains(param.name))
            << family->id << ' ' << command.name << ' ' << param.name;
      }
    }
  }
}

}  // namespace
}  // namespace gridloom::catalog
