// The reference pages: what they say, that their examples are accepted, and that the pages in
// docs/families are those of the device files.
#include "catalog/family_page.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "catalog/loader.h"
#include "catalog/test_mistakes.h"
#include "testing/source_path.h"

namespace gridloom::catalog {
namespace {

using testing::HasSubstr;

std::string page_in_docs(const std::string& name) {
  std::ifstream file(source_path("docs/families/") + name + ".md");
  return {std::istreambuf_iterator<char>(file), {}};
}

TEST(FamilyPage, NamesFieldsCommandsReportsAndQuirks) {
  const FamilyPtr family = made_up();
  ASSERT_TRUE(family);
  const std::string page = family_page(*family, Catalog(std::vector<FamilyPtr>{family}));
  for (const Field& field : family->fields)
    EXPECT_THAT(page, HasSubstr("| `" + field.name + "` |"));
  for (const Command& command : family->commands) {
    EXPECT_THAT(page, HasSubstr("Command `" + command.name + "`"));
  }
  for (const Report& report : family->reports) EXPECT_THAT(page, HasSubstr("| " + report.name));
  EXPECT_THAT(page, HasSubstr("- " + family->quirks[0].what));
  EXPECT_THAT(page, HasSubstr("/api/v1/devices/MU1A0001/commands"));
}

TEST(FamilyPage, ExamplesOfCommandsAreAccepted) {
  const auto catalog = load_catalog({});
  ASSERT_TRUE(catalog);
  for (const FamilyPtr& family : (*catalog)->families()) {
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

TEST(FamilyPage, ThePagesInTheDocumentsAreThoseOfTheDeviceFiles) {
  const auto catalog = load_catalog({});
  ASSERT_TRUE(catalog);
  EXPECT_TRUE(page_in_docs("README") == families_page(**catalog))
      << "gridloom family page > docs/families/README.md";
  for (const FamilyPtr& family : (*catalog)->families()) {
    if (family->passthrough) continue;
    EXPECT_TRUE(page_in_docs(family->id) == family_page(*family, **catalog))
        << "gridloom family page " << family->id << " > docs/families/" << family->id << ".md";
  }
}

}  // namespace
}  // namespace gridloom::catalog
