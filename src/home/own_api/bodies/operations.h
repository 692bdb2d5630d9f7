// Bodies about administration: which operations there are, the parameters of one, and its answer.
#pragma once

#include <array>
#include <string_view>

#include "api/schema/body.h"

namespace gridloom::api::body {

// The rights that an operation asks for.
struct OperationAccess {
  static constexpr std::string_view kName = "OperationAccess";
  static constexpr std::array<std::string_view, 2> kWords = {"administrator", "owner"};
};

// Rows of the table of operations, which app/operations/table.h writes.
struct OperationParameterFacts;
const schema::Body& describe(schema::Of<OperationParameterFacts> /*of*/);
struct OperationFacts;
const schema::Body& describe(schema::Of<OperationFacts> /*of*/);
struct Operations;
const schema::Body& describe(schema::Of<Operations> /*of*/);

// Passed on as they came.
struct OperationParameters;
const schema::Body& describe(schema::Of<OperationParameters> /*of*/);
struct OperationAnswer;
const schema::Body& describe(schema::Of<OperationAnswer> /*of*/);

}  // namespace gridloom::api::body
