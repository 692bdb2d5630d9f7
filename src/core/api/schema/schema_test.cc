// The description of a body gives its text, its schema and its type for the page.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <variant>
#include <vector>

#include "api/schema/body.h"
#include "api/schema/json_schema.h"
#include "api/schema/test_check.h"
#include "api/schema/typescript.h"
#include "testing/must.h"
#include "wire/json.h"

namespace gridloom::api {
namespace sample {

enum class Colour : std::uint8_t { kRed, kGreen };
std::string_view name_of(Colour colour) { return colour == Colour::kRed ? "red" : "green"; }

}  // namespace sample

template <>
struct schema::Words<sample::Colour> {
  static constexpr std::string_view kName = "Colour";
  static constexpr std::array kValues = {sample::Colour::kRed, sample::Colour::kGreen};
};

namespace sample {

struct Size {
  static constexpr std::string_view kName{};
  static constexpr std::array<std::string_view, 2> kWords = {"small", "large"};
};
struct Pair {
  static constexpr std::string_view kName = "Pair";
  using Type = std::tuple<double, std::optional<std::string_view>>;
};

struct Leaf {
  std::int64_t count = 0;
  std::optional<std::string_view> label{};
};
const schema::Body& describe(schema::Of<Leaf> /*of*/) {
  static constexpr std::array kMembers = {
      schema::member<&Leaf::count>("count", {.text = "All of them", .unit = "leaves"}),
      schema::member<&Leaf::label>("label", {.text = "Absent: it has none", .min_length = 2}),
  };
  static constexpr schema::Body kBody{.name = "Leaf", .members = kMembers};
  return kBody;
}

struct Tree : Leaf {
  double height_m = 0;
  bool stands = true;
  schema::OrNull<double> age{};
  std::optional<schema::OrNull<double>> guess{};
  std::nullptr_t never{};
  schema::WordOf<Size> size{};
  std::vector<Leaf> leaves{};
  schema::Map<std::string_view, std::vector<std::string_view>> notes{};
  schema::RawObject raw{};
  wire::Json any{};
};
const schema::Body& describe(schema::Of<Tree> /*of*/) {
  static constexpr std::array kMembers = joined(
      std::array{schema::member<&Leaf::count, Tree>("count"), schema::constant("t", "tree")},
      std::array{schema::member<&Tree::height_m>("height"), schema::member<&Tree::stands>("stands"),
                 schema::member<&Tree::age>("age"), schema::member<&Tree::guess>("guess"),
                 schema::member<&Tree::never>("never"), schema::member<&Tree::size>("size"),
                 schema::member<&Tree::leaves>("leaves"), schema::member<&Tree::notes>("notes"),
                 schema::member<&Tree::raw>("raw"), schema::member<&Tree::any>("any")});
  static constexpr schema::Body kBody{
      .name = "Tree", .text = "A tree of a forest", .members = kMembers};
  return kBody;
}

struct Forest;
const schema::Body& describe(schema::Of<Forest> /*of*/) {
  using Trees = std::variant<Colour, std::vector<std::string_view>>;
  static constexpr std::array kMembers = {
      schema::declared<schema::Map<Colour, Leaf>>("by_colour"),
      schema::declared<std::vector<Pair>>("pairs"),
      schema::declared<Trees>("trees"),
      schema::declared<std::optional<std::vector<Forest>>>("parts"),
  };
  static constexpr schema::Body kBody{.name = "Forest", .members = kMembers};
  return kBody;
}

struct Wood;
const schema::Body& describe(schema::Of<Wood> /*of*/) {
  static constexpr schema::Body kBody{
      .name = "Wood", .text = "Whatever grows", .is_open = true, .or_list = true};
  return kBody;
}

}  // namespace sample

namespace {

using schema::body_of;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

sample::Tree tree() {
  sample::Tree made;
  made.count = 2;
  made.height_m = 4.5;
  made.size = {"large"};
  made.leaves = {{.count = 1, .label = "\"a\""}, {.count = 3}};
  made.notes.members = {{"x", {"1", "2"}}, {"y", {}}};
  made.raw = {R"({"as":"is"})"};
  made.any = 7;
  return made;
}

TEST(BodyDescription, WritesTheMembersInItsOrder) {
  EXPECT_EQ(schema::to_text(tree()),
            R"({"count":2,"t":"tree","height":4.5,"stands":true,"age":null,"never":null,)"
            R"("size":"large","leaves":[{"count":1,"label":"\"a\""},{"count":3}],)"
            R"("notes":{"x":["1","2"],"y":[]},"raw":{"as":"is"},"any":7})");
  sample::Tree other = tree();
  other.age = {1e21};
  other.guess.emplace();
  other.leaves.clear();
  other.notes.members.clear();
  EXPECT_THAT(schema::to_text(other),
              HasSubstr(R"("age":1e+21,"guess":null,"never":null,"size":"large","leaves":[],)"
                        R"("notes":{},)"));
  EXPECT_EQ(schema::members_text(sample::Leaf{.count = 1, .label = "b"}, 1), R"("label":"b")");
}

TEST(BodyDescription, FindsWhatDiffersFromIt) {
  const auto found = [](std::string_view text, const schema::Body& body) {
    return schema::differences(must(wire::parse_json(text)), body);
  };
  EXPECT_THAT(found(schema::to_text(tree()), body_of<sample::Tree>()), IsEmpty());
  EXPECT_THAT(found(R"({"count":1.5,"other":1})", body_of<sample::Leaf>()),
              ElementsAre("Leaf.count is no integer", "Leaf.other is not described"));
  EXPECT_THAT(found(R"({"label":null})", body_of<sample::Leaf>()),
              ElementsAre("Leaf.count is missing", "Leaf.label is no text"));
  EXPECT_THAT(found(R"({"by_colour":{"blue":{"count":1}},"pairs":[[1],[1,"a"],[],[1,"a",2]],)"
                    R"("trees":5})",
                    body_of<sample::Forest>()),
              ElementsAre("Forest.by_colour (a name) is none of the words",
                          "Forest.pairs[] is no list of this length",
                          "Forest.pairs[] is no list of this length",
                          "Forest.trees is none of the alternatives"));
  EXPECT_THAT(found(R"({"by_colour":{"red":{"count":1}},"pairs":[],"trees":["oak"],)"
                    R"("parts":[{"by_colour":{},"pairs":[],"trees":"green"}]})",
                    body_of<sample::Forest>()),
              IsEmpty());
  EXPECT_THAT(found(R"({"oak":1})", body_of<sample::Wood>()), IsEmpty());
  EXPECT_THAT(found(R"([1])", body_of<sample::Wood>()), IsEmpty());
  EXPECT_THAT(found("1", body_of<sample::Wood>()), ElementsAre("Wood is no object"));
  EXPECT_THAT(found("[]", body_of<sample::Leaf>()), ElementsAre("Leaf is no object"));
}

TEST(BodyDescription, BecomesSchemas) {
  const std::array<schema::BodyOf, 3> bodies = {&body_of<sample::Tree>, &body_of<sample::Forest>,
                                                &body_of<sample::Wood>};
  const wire::JsonObject made = schema::json_schemas(bodies);
  EXPECT_EQ(wire::to_text(made.at("Leaf")),
            R"({"type":"object","required":["count"],"properties":{"count":{"type":"integer",)"
            R"("description":"In leaves. All of them"},"label":{"type":"string",)"
            R"("description":"Absent: it has none","minLength":2}}})");
  EXPECT_EQ(wire::to_text(made.at("Tree").at("properties").at("age")),
            R"({"type":["number","null"]})");
  EXPECT_EQ(wire::to_text(made.at("Tree").at("properties").at("size")),
            R"({"type":"string","enum":["small","large"]})");
  EXPECT_EQ(wire::to_text(made.at("Pair")),
            R"({"type":"array","prefixItems":[{"type":"number"},{"type":"string"}],)"
            R"("minItems":1,"maxItems":2})");
  EXPECT_EQ(wire::to_text(made.at("Wood")),
            R"({"type":["object","array"],"description":"Whatever grows",)"
            R"("additionalProperties":true})");
  EXPECT_EQ(wire::to_text(made.at("Forest").at("properties")),
            R"({"by_colour":{"type":"object","additionalProperties":{"$ref":)"
            R"("#/components/schemas/Leaf"},"propertyNames":{"$ref":)"
            R"("#/components/schemas/Colour"}},"pairs":{"type":"array","items":{"$ref":)"
            R"("#/components/schemas/Pair"}},"trees":{"oneOf":[{"$ref":)"
            R"("#/components/schemas/Colour"},{"type":"array","items":{"type":"string"}}]},)"
            R"("parts":{"type":"array","items":{"$ref":"#/components/schemas/Forest"}}})");
}

TEST(BodyDescription, BecomesTypesOfThePage) {
  static constexpr std::array<schema::BodyOf, 2> kBodies = {&body_of<sample::Leaf>,
                                                            &body_of<sample::Forest>};
  static constexpr std::array<schema::BodyOf, 1> kWood = {&body_of<sample::Wood>};
  EXPECT_EQ(schema::typescript(kWood, {}), R"(
/** Whatever grows. */
export type Wood = Record<string, unknown> | unknown[];
)");
  static constexpr std::array kUnions = {schema::Union{.name = "Either", .bodies = kBodies}};
  EXPECT_EQ(schema::typescript(kBodies, kUnions), R"(
export interface Leaf {
  /** In leaves. All of them. */
  count: number;
  /** Absent: it has none. */
  label?: string;
}

export type Colour = 'red' | 'green';

export type Pair = [number, string?];

export interface Forest {
  by_colour: Partial<Record<Colour, Leaf>>;
  pairs: Pair[];
  trees: Colour | string[];
  parts?: Forest[];
}

export type Either = Leaf | Forest;
)");
}

}  // namespace
}  // namespace gridloom::api
