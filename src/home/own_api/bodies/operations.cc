#include "own_api/bodies/operations.h"

#include <cstdint>
#include <optional>
#include <vector>

namespace gridloom::api::body {
namespace {

using schema::declared;
using Text = std::string_view;
using MaybeNumber = std::optional<double>;
using MaybeCount = std::optional<std::int64_t>;

}  // namespace

const schema::Body& describe(schema::Of<OperationParameterFacts> /*of*/) {
  static constexpr std::array kMembers = {
      declared<Text>("name"),
      declared<Text>("text", {.text = "Its meaning"}),
      declared<Text>("type", {.text = "As text, integer or account"}),
      declared<bool>("required"),
      declared<MaybeNumber>("minimum", {.text = "The least number"}),
      declared<MaybeNumber>("maximum", {.text = "The greatest number"}),
      declared<MaybeCount>("maxBytes",
                           {.text = "The longest text, also in a list", .unit = "bytes"}),
      declared<MaybeCount>("maxItems", {.text = "The most elements of a list"}),
      declared<std::optional<std::vector<Text>>>("values", {.text = "The words of a choice"}),
  };
  static constexpr schema::Body kBody{.name = "OperationParameterFacts", .members = kMembers};
  return kBody;
}

const schema::Body& describe(schema::Of<OperationFacts> /*of*/) {
  static constexpr std::array kMembers = {
      declared<Text>("name"),
      declared<Text>("text", {.text = "Its effect"}),
      declared<std::vector<OperationParameterFacts>>("parameters"),
      declared<schema::WordOf<OperationAccess>>("access"),
      declared<bool>("changes"),
      declared<bool>("http", {.text = "False: only the command line offers it"}),
      declared<std::optional<Text>>("audit",
                                    {.text = "Kind of its entry in the audit; absent: none"}),
  };
  static constexpr schema::Body kBody{.name = "OperationFacts", .members = kMembers};
  return kBody;
}

const schema::Body& describe(schema::Of<Operations> /*of*/) {
  static constexpr std::array kMembers = {declared<std::vector<OperationFacts>>("operations")};
  static constexpr schema::Body kBody{.name = "Operations", .members = kMembers};
  return kBody;
}

const schema::Body& describe(schema::Of<OperationParameters> /*of*/) {
  static constexpr schema::Body kBody{.name = "OperationParameters",
                                      .text = "By name, as GET /api/v1/admin/operations lists them",
                                      .is_open = true,
                                      .example = R"({"sn":"R331ABC1","owner":"ann"})"};
  return kBody;
}

const schema::Body& describe(schema::Of<OperationAnswer> /*of*/) {
  static constexpr schema::Body kBody{
      .name = "OperationAnswer",
      .text = "The answer of the operation; its member warning says that the audit lacks it",
      .is_open = true,
      .or_list = true};
  return kBody;
}

}  // namespace gridloom::api::body
