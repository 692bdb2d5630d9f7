#include "own_api/bodies/family.h"

#include <optional>
#include <tuple>
#include <vector>

#include "wire/json.h"

namespace gridloom::api::body {
namespace {

using schema::constant;
using schema::declared;
using schema::joined;
using Text = std::string_view;
using MaybeText = std::optional<std::string_view>;
using MaybeTexts = std::optional<std::vector<std::string_view>>;
using MaybeValues = std::optional<std::vector<Value>>;
using MaybeNumber = std::optional<double>;

consteval auto summary_members() {
  return std::array{
      declared<Text>("id"),
      declared<MaybeText>("product"),
      declared<MaybeText>("description"),
      declared<std::vector<std::string_view>>(
          "prefixes", {.text = "How the serial numbers of its devices begin"}),
      declared<std::optional<std::vector<Product>>>("products",
                                                    {.text = "Those that it serves, if known"}),
  };
}

consteval auto product_members() {
  return std::array{
      declared<Text>("prefix", {.text = "How its serial numbers begin; the longest match decides"}),
      declared<Text>("name"),
      declared<MaybeText>("note", {.text = "Its size, or what else tells it from others"}),
      declared<Text>("source", {.text = "Where this is known from"}),
  };
}

// Fields and parameters have these.
consteval auto described_members() {
  return std::array{
      declared<Text>("name"),
      declared<MaybeText>("title", {.text = "Short, for a label"}),
      declared<MaybeText>("description"),
      declared<catalog::FieldType>("type"),
      declared<MaybeText>("unit", {.text = "The unit of a value times scale"}),
      declared<MaybeNumber>("scale", {.text = "A value times this is in the unit; absent: 1"}),
      declared<std::optional<std::tuple<double, double>>>("range",
                                                          {.text = "The least and the greatest"}),
      declared<MaybeValues>("values", {.text = "Those that have a name, or all that there are"}),
  };
}

}  // namespace

const schema::Body& describe(schema::Of<FamilySummary> /*of*/) {
  static constexpr std::array kMembers = summary_members();
  static constexpr schema::Body kBody{.name = "FamilySummary", .members = kMembers};
  return kBody;
}

const schema::Body& describe(schema::Of<Families> /*of*/) {
  static constexpr std::array kMembers = {
      declared<std::vector<FamilySummary>>("families"),
      declared<std::vector<UnservedProduct>>(
          "unserved", {.text = "The products that are known and that no family serves"}),
  };
  static constexpr schema::Body kBody{.name = "Families", .members = kMembers};
  return kBody;
}

const schema::Body& describe(schema::Of<Family> /*of*/) {
  static constexpr std::array kMembers = joined(
      summary_members(),
      std::array{
          declared<std::vector<FieldGroup>>("groups"),
          declared<std::vector<Field>>("fields"),
          declared<std::vector<CommandFacts>>("commands"),
          declared<std::vector<Report>>("reports"),
          declared<std::vector<Quirk>>("quirks", {.text = "What its devices do oddly, in English"}),
      });
  static constexpr schema::Body kBody{.name = "Family", .members = kMembers};
  return kBody;
}

const schema::Body& describe(schema::Of<Product> /*of*/) {
  static constexpr std::array kMembers = product_members();
  static constexpr schema::Body kBody{.name = "Product", .members = kMembers};
  return kBody;
}

const schema::Body& describe(schema::Of<UnservedProduct> /*of*/) {
  static constexpr std::array kMembers = joined(
      product_members(),
      std::array{
          declared<catalog::Unserved>("unserved", {.text = "Why no family serves it"}),
          declared<MaybeText>(
              "host", {.text = "Id of the family whose devices report its values, if known"}),
      });
  static constexpr schema::Body kBody{.name = "UnservedProduct", .members = kMembers};
  return kBody;
}

const schema::Body& describe(schema::Of<Report> /*of*/) {
  static constexpr std::array kMembers = {
      declared<Text>("name"),
      declared<schema::RawObject>(
          "match", {.text = "Members of the message that tell it from the family's other reports"}),
      declared<MaybeText>("prefix", {.text = "The names in its body begin after this"}),
      declared<MaybeText>("module", {.text = "The member with the serial number of the module"}),
      declared<std::vector<Text>>(
          "fields",
          {.text = "Names of the fields that it carries, or how they begin, up to a dot"}),
  };
  static constexpr schema::Body kBody{.name = "Report", .members = kMembers};
  return kBody;
}

const schema::Body& describe(schema::Of<Quirk> /*of*/) {
  static constexpr std::array kMembers = {
      declared<Text>("what", {.text = "What is odd, and what Gridloom does"}),
      declared<Text>("source"),
  };
  static constexpr schema::Body kBody{.name = "Quirk", .members = kMembers};
  return kBody;
}

const schema::Body& describe(schema::Of<Value> /*of*/) {
  static constexpr std::array kMembers = {
      declared<wire::Json>("value"),
      declared<MaybeText>("name", {.text = "The meaning of the value; absent: the value itself"}),
  };
  static constexpr schema::Body kBody{.name = "Value", .members = kMembers};
  return kBody;
}

const schema::Body& describe(schema::Of<FieldGroup> /*of*/) {
  static constexpr std::array kMembers = {
      declared<Text>("name", {.text = "A word of the family's own"}),
      declared<Text>("title", {.text = "Short, for a label"}),
      declared<std::vector<Text>>("fields",
                                  {.text = "Names of its fields, or how they begin, up to a "
                                           "dot; the longest match decides"}),
  };
  static constexpr schema::Body kBody{.name = "FieldGroup", .members = kMembers};
  return kBody;
}

const schema::Body& describe(schema::Of<Field> /*of*/) {
  using Flag = std::optional<bool>;
  static constexpr std::array kMembers = joined(
      described_members(),
      std::array{
          declared<MaybeText>("kind", {.text = "Always field; absent: a member of another field"}),
          declared<MaybeValues>("bits", {.text = "Numbers and names of the bits of a bit mask"}),
          declared<MaybeText>("nature", {.text = "Its meaning in every family, as battery.power"}),
          declared<Flag>("part",
                         {.text = "One of the fields whose sum is the power of the nature"}),
          declared<std::optional<wire::Json>>(
              "when", {.text = "The nature holds while this field has one of these values"}),
          declared<Flag>("invert", {.text = "Its sign is opposite to that of the nature"}),
          declared<MaybeText>("sign", {.text = "Meaning of a positive value"}),
          declared<std::optional<catalog::FieldFormat>>(
              "format", {.text = "How people read the value: as a version, a byte of the number "
                                 "for each part, or as a text of character codes"}),
          declared<Flag>("essential", {.text = "One of the few that people look at first"}),
          declared<MaybeText>("source", {.text = "Where the field is documented"}),
          declared<std::optional<wire::Json>>("absent", {.text = "Stands for: there is no value"}),
          declared<MaybeNumber>("never", {.text = "The number that stands for never, in a time"}),
          declared<Flag>("error", {.text = "An error or a warning"}),
          declared<std::optional<catalog::Severity>>(
              "severity", {.text = "What an error of it is; absent: it reports none"}),
          declared<std::optional<wire::Json>>("initial",
                                              {.text = "The start value of a virtual device"}),
          declared<MaybeTexts>("set_by", {.text = "Commands that change it"}),
          declared<std::optional<std::vector<Field>>>(
              "fields", {.text = "Members of an object, or the element of a list"}),
          declared<std::optional<std::vector<Feed>>>(
              "fed_by", {.text = "Parts of the family's physics that give its value"}),
      });
  static constexpr schema::Body kBody{.name = "Field", .members = kMembers};
  return kBody;
}

const schema::Body& describe(schema::Of<Feed> /*of*/) {
  static constexpr std::array kMembers = {declared<Text>("part"), declared<Text>("quantity")};
  static constexpr schema::Body kBody{.name = "Feed", .members = kMembers};
  return kBody;
}

const schema::Body& describe(schema::Of<ParamFacts> /*of*/) {
  static constexpr std::array kMembers = joined(
      described_members(),
      std::array{
          declared<bool>("required"),
          declared<std::optional<bool>>("ignored", {.text = "Accepted without effect"}),
          declared<MaybeNumber>("never", {.text = "The number that stands for never, in a time"}),
          declared<std::optional<bool>>(
              "exactly_one", {.text = "Exactly one of the object's members must be true"}),
          declared<MaybeNumber>(
              "min_items", {.text = "The least number of elements, or of characters of a string"}),
          declared<MaybeNumber>(
              "max_items",
              {.text = "The greatest number of elements, or of characters of a string"}),
          declared<MaybeTexts>("sets", {.text = "Fields that take its value as it is"}),
          declared<std::optional<std::vector<ParamTable>>>(
              "sets_by_table", {.text = "Fields that show another value for some of its values"}),
          declared<std::optional<std::vector<ParamFacts>>>(
              "params", {.text = "Members of an object, or the element of a list"}),
          declared<MaybeText>(
              "form_of", {.text = "The parameter beside it whose value names one of the forms"}),
          declared<std::optional<std::vector<ParamFacts>>>(
              "forms", {.text = "What the value is, by the value of that parameter"}),
      });
  static constexpr schema::Body kBody{.name = "ParamFacts", .members = kMembers};
  return kBody;
}

const schema::Body& describe(schema::Of<ShownValue> /*of*/) {
  static constexpr std::array kMembers = {
      declared<wire::Json>("value", {.text = "The parameter has it"}),
      declared<wire::Json>("shown", {.text = "The field has it then"}),
  };
  static constexpr schema::Body kBody{.name = "ShownValue", .members = kMembers};
  return kBody;
}

const schema::Body& describe(schema::Of<ParamTable> /*of*/) {
  static constexpr std::array kMembers = {declared<Text>("field"),
                                          declared<std::vector<ShownValue>>("values")};
  static constexpr schema::Body kBody{.name = "ParamTable", .members = kMembers};
  return kBody;
}

const schema::Body& describe(schema::Of<CommandFacts> /*of*/) {
  static constexpr std::array kMembers = {
      constant("kind", "command"),
      declared<Text>("name"),
      declared<MaybeText>("title"),
      declared<MaybeText>("description"),
      declared<bool>("dangerous", {.text = "A person should confirm it"}),
      declared<std::optional<catalog::CommandGroup>>(
          "group", {.text = "What it is about; absent: none of these"}),
      declared<MaybeText>("source", {.text = "Where the command is documented"}),
      declared<std::optional<schema::RawObject>>(
          "select",
          {.text = "Names the command in the body of a set: a path in it, and the value there"}),
      declared<std::vector<ParamFacts>>("params"),
      declared<schema::RawObject>(
          "example", {.text = "The body of a set, in which each parameter has one of its values"}),
  };
  static constexpr schema::Body kBody{.name = "CommandFacts", .members = kMembers};
  return kBody;
}

}  // namespace gridloom::api::body
