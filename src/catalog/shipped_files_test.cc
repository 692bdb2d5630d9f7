// The device files that come with the program are short: they write nothing that goes without
// saying.
#include <gtest/gtest.h>

#include <string>

#include "catalog/loader.h"
#include "catalog/sections.h"
#include "catalog/yaml_tree.h"

namespace gridloom::catalog {
namespace {

TEST(ShippedFiles, WriteNoInitialThatAFieldHasAnyway) {
  for (const EmbeddedFile& file : embedded_files()) {
    const auto family = load_family(file.name, file.text);
    ASSERT_TRUE(family) << family.error().detail;
    const YamlDocument document = read_yaml(file.text);
    const YamlNode* fields = document.root.find("fields");
    if (fields == nullptr) continue;
    for (const YamlMember& member : fields->members) {
      const Field* field = (*family)->field(member.key);  // none: a group, or a use of a template
      if (field == nullptr || member.value.find("initial") == nullptr) continue;
      EXPECT_FALSE(same_value(field->initial, usual_initial(*field)))
          << file.name << ':' << member.line << ": " << member.key;
    }
  }
}

// A key that every entry has stands in `defaults`.
TEST(ShippedFiles, WriteNoKeyThatStandsInTheDefaults) {
  for (const EmbeddedFile& file : embedded_files()) {
    const YamlDocument document = read_yaml(file.text);
    const YamlNode* defaults = document.root.find("defaults");
    if (defaults == nullptr) continue;
    for (const YamlMember& section : defaults->members) {
      const YamlNode* entries = document.root.find(section.key);
      if (entries == nullptr) continue;  // members and params stand inside of others
      for (const YamlMember& entry : entries->members) {
        for (const YamlMember& key : section.value.members) {
          const YamlNode* own = entry.value.find(key.key);
          if (own == nullptr || own->kind != YamlNode::Kind::kScalar) continue;
          EXPECT_NE(own->text, key.value.text)
              << file.name << ':' << entry.line << ": " << entry.key << '.' << key.key;
        }
      }
    }
  }
}

}  // namespace
}  // namespace gridloom::catalog
