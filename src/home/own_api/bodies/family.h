// Bodies about device families, which catalog/family_json.h writes.
#pragma once

#include <array>
#include <string_view>

#include "api/schema/body.h"
#include "catalog/family.h"
#include "own_api/bodies/device.h"
#include "own_api/bodies/events.h"

namespace gridloom::api {

template <>
struct schema::Words<catalog::FieldType> {
  using enum catalog::FieldType;
  static constexpr std::string_view kName = "FieldType";
  static constexpr std::array kValues = {kInt, kFloat, kString, kBool, kArray, kObject, kAny};
};

template <>
struct schema::Words<catalog::FieldFormat> {
  using enum catalog::FieldFormat;
  static constexpr std::string_view kName = "FieldFormat";
  static constexpr std::array kValues = {kVersion, kText};
};

template <>
struct schema::Words<catalog::CommandGroup> {
  using enum catalog::CommandGroup;
  static constexpr std::string_view kName = "CommandGroup";
  static constexpr std::array kValues = {kPower, kOutputs, kCharging, kBattery,  kClimate,
                                         kGrid,  kStandby, kDisplay,  kSchedule, kSetup};
};

namespace body {

struct Product;
const schema::Body& describe(schema::Of<Product> /*of*/);
struct UnservedProduct;
const schema::Body& describe(schema::Of<UnservedProduct> /*of*/);
struct Report;
const schema::Body& describe(schema::Of<Report> /*of*/);
struct Quirk;
const schema::Body& describe(schema::Of<Quirk> /*of*/);
struct FamilySummary;
const schema::Body& describe(schema::Of<FamilySummary> /*of*/);
struct Families;
const schema::Body& describe(schema::Of<Families> /*of*/);
struct Family;
const schema::Body& describe(schema::Of<Family> /*of*/);
struct Value;
const schema::Body& describe(schema::Of<Value> /*of*/);
struct FieldGroup;
const schema::Body& describe(schema::Of<FieldGroup> /*of*/);
struct Field;
const schema::Body& describe(schema::Of<Field> /*of*/);
struct Feed;
const schema::Body& describe(schema::Of<Feed> /*of*/);
struct ShownValue;
const schema::Body& describe(schema::Of<ShownValue> /*of*/);
struct ParamTable;
const schema::Body& describe(schema::Of<ParamTable> /*of*/);
struct ParamFacts;
const schema::Body& describe(schema::Of<ParamFacts> /*of*/);
struct CommandFacts;
const schema::Body& describe(schema::Of<CommandFacts> /*of*/);

}  // namespace body
}  // namespace gridloom::api
