// Translations: what they may have, what comes of them, and that those of the families that come
// with the program are complete.
#include "catalog/translation.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "catalog/loader.h"
#include "catalog/starter.h"
#include "catalog/test_family.h"
#include "testing/temporary_folder.h"

namespace gridloom::catalog {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

FamilyPtr made_up() { return load_family("made_up.yaml", kMadeUpFamily).value(); }

Result<FamilyPtr> translated(std::string_view texts) {
  const std::string file = fmt::format("family: made_up\n{}", texts);
  return load_translation(*made_up(), kMadeUpFamily, {.name = "de/made_up.yaml", .text = file});
}

TEST(Translation, ChangesTextsOnly) {
  const auto german = translated(R"yaml(description: Eine Station
templates: {input: {fields: {in<n>.watts: {description: Leistung von Eingang <n>}}}}
fields:
  pd.beep: {description: Stumm}
  pd.err: {title: Störungen, description: Was der Station gerade fehlt, bits: {0: zu heiß}}
  watts: {sign: Entladen ist positiv}
  pd.in2.: {sign: "negativ: gibt ab"}
  pd.slots: {of: {fields: {kind: {values: {1: Lampe}, title: Art}}}}
commands:
  charge: {description: Stellt den Ladestrom, params: {ratio: {title: Verhältnis}}}
  channel: {params: {list: {of: {values: {0: aus}}}}}
faults: {leak: {description: Sie leckt}}
)yaml");
  ASSERT_TRUE(german) << german.error().detail;
  const Family& family = **german;
  EXPECT_EQ(family.description, "Eine Station");
  EXPECT_EQ(family.field("pd.beep")->title, "Stumm");
  EXPECT_EQ(family.field("pd.err")->title, "Störungen");
  EXPECT_EQ(family.field("pd.err")->bits.front().name, "zu heiß");
  EXPECT_EQ(family.field("pd.err")->bits.back().name, "no fan");  // as in the device file
  EXPECT_EQ(family.field("watts")->sign, "Entladen ist positiv");
  EXPECT_EQ(family.field("pd.in1.watts")->description, "Leistung von Eingang 1");
  EXPECT_EQ(family.field("pd.in2.watts")->sign, "negativ: gibt ab");
  const Field& kind = family.field("pd.slots")->fields.front().fields.front();
  EXPECT_EQ(kind.title, "Art");
  EXPECT_EQ(kind.values.front().name, "nothing");
  EXPECT_EQ(kind.values.back().name, "Lampe");
  EXPECT_EQ(family.commands.at(1).description, "Stellt den Ladestrom");
  EXPECT_EQ(family.commands.at(2).params.at(1).fields.front().values.front().name, "aus");
  EXPECT_EQ(family.faults.front().description, "Sie leckt");
  // Whatever is no text is as before.
  const FamilyPtr english = made_up();
  ASSERT_EQ(family.fields.size(), english->fields.size());
  for (std::size_t k = 0; k < family.fields.size(); ++k) {
    EXPECT_EQ(family.fields[k].name, english->fields[k].name);
    EXPECT_EQ(family.fields[k].initial, english->fields[k].initial);
    EXPECT_EQ(family.fields[k].range.has_value(), english->fields[k].range.has_value());
  }
}

// A label has one language: the English title goes with the English description.
TEST(Translation, ADescriptionWithoutATitleTakesTheTitlesPlace) {
  const auto german = translated("fields: {pd.err: {description: Was fehlt}}");
  ASSERT_TRUE(german) << german.error().detail;
  EXPECT_EQ((*german)->field("pd.err")->title, "Was fehlt");
}

TEST(Translation, NamesEachMistakeWithItsLine) {
  struct Row {
    std::string_view texts;
    std::string_view mistake;
  };
  const std::vector<Row> rows = {
      {"colour: rot", "de/made_up.yaml:2: colour: unknown key"},
      {"fields:\n  pd.bepp: {description: Stumm}",
       "de/made_up.yaml:3: fields.pd.bepp: the device file has no such key; did you mean pd.beep"},
      {"fields: {pd.beep: {describtion: Stumm}}", "did you mean description?"},
      {"fields: {pd.beep: {type: int}}", "fields.pd.beep.type: unknown key"},
      {"fields: {pd.beep: {sign: Stumm}}",
       "fields.pd.beep.sign: the device file has no such key here"},
      {"fields: {pd.beep: {description: [Stumm]}}", "fields.pd.beep.description: must be a text"},
      {"fields: {pd.beep: {description: ''}}", "fields.pd.beep.description: must be a text"},
      {"fields: {pd.beep: Stumm}", "fields.pd.beep: must be a mapping"},
      {"fields: {pd.on: {values: {2: halb}}}",
       "fields.pd.on.values.2: the device file has no such key"},
      {"fields: {pd.on: {values: an}}", "fields.pd.on.values: must be a mapping"},
      {"fields: {pd.beep: {description: a}, pd.beep: {description: b}}",
       "fields.pd.beep: this key occurs twice"},
      {"fields: {pd.err: {title: Was der Station in diesem Augenblick fehlt}}", "characters"},
      {"commands: {quietMode: {params: {enabled: {values: {0: aus}}}}}",
       "commands.quietMode.params.enabled.values: the device file has no names here"},
      {"templates: {input: {fields: {in<n>.watts: {description: Leistung}}}}",
       "templates.input.fields.in<n>.watts.description: lacks <n>, which the device file has here"},
      {"templates: {input: {fields: {in<n>.watts: {description: <n> von <m>}}}}",
       "<m> stands for nothing"},
      {"fields: {pd.<input>: {with: {n: eins}}}", "fields.pd.<input>: must be a list of at most 2"},
      {"fields: {pd.<input>: [{}, {}, {}]}", "fields.pd.<input>: must be a list of at most 2"},
      {"fields: {pd.<input>: [{with: {m: eins}}]}",
       "fields.pd.<input>[0].with.m: the device file has no such key"},
      {"commands: {channel: {params: {mode: {fields: {eco: {description: Sparsam}}}}}}",
       "channel.params.mode.fields.eco.description: the device file has no such key here"},
      {"family: other", "this key occurs twice"},
      {"fields: [", "de/made_up.yaml:"},
  };
  for (const Row& row : rows) {
    const auto german = translated(row.texts);
    ASSERT_FALSE(german) << row.texts;
    EXPECT_THAT(german.error().detail, HasSubstr(std::string(row.mistake))) << row.texts;
  }
}

TEST(Translation, NamesTheTextsThatAreMissing) {
  constexpr std::string_view kFile = R"yaml(
description: A station
templates: {input: {parameters: [n], fields: {in<n>: {description: Input <n>}}}}
fields:
  a: {type: int, title: Power, description: Power of all that hangs on the station}
  b: {type: int, description: Short, values: {0: off, 1: on}}
  c: {type: array, description: Slots, of: {type: int, bits: {0: hot}}}
  in.<input>: [{with: {n: 1}}, {with: {n: 2}, fields: {in2: {description: The second}}}]
commands: {go: {description: Goes, params: {fast: {type: bool}, far: {type: int, title: Far}}}}
faults: {leak: {description: It leaks}}
)yaml";
  EXPECT_THAT(
      missing_texts(kFile, "family: x"),
      ElementsAre("description", "templates.input.fields.in<n>.description", "fields.a.title",
                  "fields.a.description", "fields.b.description", "fields.b.values.0",
                  "fields.b.values.1", "fields.c.description", "fields.c.of.bits.0",
                  "fields.in.<input>[1].fields.in2.description", "commands.go.description",
                  "commands.go.params.far.title", "faults.leak.description"));
  EXPECT_THAT(missing_texts(kFile, R"yaml(
family: x
description: Eine Station
templates: {input: {fields: {in<n>: {description: Eingang <n>}}}}
fields:
  a: {description: Leistung}
  b: {description: Eine Beschreibung von über dreißig Zeichen, values: {0: aus, 1: ein}}
  c: {description: Plätze, of: {bits: {0: heiß}}}
  in.<input>: [{}, {fields: {in2: {description: Der zweite}}}]
commands: {go: {description: Fährt, params: {far: {title: Weit}}}}
faults: {leak: {description: Sie leckt}}
)yaml"),
              ElementsAre("fields.b.title"));
}

// Each text that is shown has a German one.
TEST(ShippedTranslations, AreComplete) {
  const std::vector<EmbeddedFile> translations = embedded_translations();
  std::string missing;
  for (const EmbeddedFile& file : embedded_files()) {
    const auto texts = std::ranges::find(translations, file.name, &EmbeddedFile::name);
    if (texts == translations.end()) {
      missing += fmt::format("{}: all\n", file.name);
      continue;
    }
    for (const std::string& key : missing_texts(file.text, texts->text)) {
      missing += fmt::format("{}: {}\n", file.name, key);
    }
  }
  EXPECT_EQ(missing, "") << "devices/de lacks these texts";
  EXPECT_EQ(translations.size(), embedded_files().size());
}

TEST(ShippedTranslations, LoadAndSayTheSameOfAllThatIsNoText) {
  const auto loaded = load_catalog({}, Translations::kAll);
  ASSERT_TRUE(loaded) << loaded.error().detail;
  for (const FamilyPtr& english : (*loaded)->families()) {
    const FamilyPtr german = (*loaded)->find(english->id, Language::kGerman);
    EXPECT_NE(german->description, english->description) << english->id;
    EXPECT_EQ(german->product, english->product);
    ASSERT_EQ(german->fields.size(), english->fields.size()) << english->id;
    for (std::size_t k = 0; k < english->fields.size(); ++k) {
      const Field& before = english->fields[k];
      const Field& after = german->fields[k];
      EXPECT_EQ(after.name, before.name);
      EXPECT_EQ(after.unit, before.unit);
      EXPECT_EQ(after.values.size(), before.values.size()) << before.name;
      EXPECT_EQ(after.title.empty(), before.title.empty()) << english->id << ' ' << before.name;
    }
    EXPECT_EQ((*loaded)->find(english->id, Language::kEnglish), english);
  }
}

// A text in `with` may be a part of other texts, but not of the name of a field.
TEST(Translation, KeepsTheNamesOfFields) {
  constexpr std::string_view kFile = R"yaml(
family: clock
product: Clock
description: A clock
prefixes: [CL1]
quota_all: flat
messages: {report_body: params, report: {}, reply: {}, result: data}
reports: {all: {match: {cmdId: 1}, fields: [a.]}}
templates:
  hand: {parameters: [what], fields: {at: {type: int, description: Time of the <what>}}}
  part: {parameters: [what], fields: {<what>: {type: int, description: A part}}}
fields:
  a.<hand>: {with: {what: hour}}
  a.b.<part>: {with: {what: wheel}}
)yaml";
  const auto english = load_family("clock.yaml", kFile);
  ASSERT_TRUE(english) << english.error().detail;
  const auto german = [&](std::string_view text) {
    return load_translation(**english, kFile, {.name = "de/clock.yaml", .text = text});
  };
  const auto said = german("family: clock\nfields: {a.<hand>: {with: {what: Stunde}}}");
  ASSERT_TRUE(said) << said.error().detail;
  EXPECT_EQ((*said)->field("a.at")->description, "Time of the Stunde");
  const auto renamed = german("family: clock\nfields: {a.b.<part>: {with: {what: Rad}}}");
  ASSERT_FALSE(renamed);
  EXPECT_THAT(renamed.error().detail, HasSubstr("is a part of a field's name"));
}

TEST(Translations, OfAFolderBelongToItsDeviceFiles) {
  const TemporaryFolder folder;
  std::filesystem::create_directory(folder.path() / "de");
  const auto embedded = embedded_files();
  const auto plug = std::ranges::find(embedded, "smart_plug.yaml", &EmbeddedFile::name);
  const auto generic = std::ranges::find(embedded, "generic.yaml", &EmbeddedFile::name);
  ASSERT_NE(plug, embedded.end());
  ASSERT_NE(generic, embedded.end());
  write_content(folder.path() / "kiln.yaml", starter_file("kiln").value());
  write_content(folder.path() / "de/kiln.yaml", "family: kiln\ndescription: Ein Brennofen");
  write_content(folder.path() / "smart_plug.yaml", plug->text);
  write_content(folder.path() / "de/generic.yaml", "family: generic\ndescription: Irgendein Gerät");
  const auto loaded = load_catalog(folder.path(), Translations::kAll);
  ASSERT_TRUE(loaded) << loaded.error().detail;
  const auto description = [&](std::string_view id) {
    return (*loaded)->find(id, Language::kGerman)->description;
  };
  EXPECT_EQ(description("kiln"), "Ein Brennofen");
  EXPECT_EQ(description("generic"), "Irgendein Gerät");
  // A file of one's own has no translation but one's own.
  EXPECT_EQ(description("smart_plug"), (*loaded)->find("smart_plug")->description);
  // Without translations nobody reads them.
  write_content(folder.path() / "de/generic.yaml", "family: [");
  EXPECT_TRUE(load_catalog(folder.path()));
  EXPECT_FALSE(load_catalog(folder.path(), Translations::kAll));
  write_content(folder.path() / "de/generic.yaml", "family: generic");
  write_content(folder.path() / "de/oven.yaml", "family: oven");
  const auto without = load_catalog(folder.path(), Translations::kAll);
  ASSERT_FALSE(without);
  EXPECT_THAT(without.error().detail,
              AllOf(HasSubstr("de/oven.yaml"), HasSubstr("there is no device file")));
}

}  // namespace
}  // namespace gridloom::catalog
