#include "catalog/family_json.h"

#include <fmt/format.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "catalog/family_page.h"

namespace gridloom::catalog {
namespace {

using wire::Json;
using wire::JsonArray;
using wire::JsonObject;

constexpr std::string_view kExampleSn = "SN";  // stands for the serial number of any device

void put(JsonObject& object, std::string_view name, const std::string& text) {
  if (!text.empty()) object[name] = text;
}

void put(JsonObject& object, std::string_view name, const std::vector<NamedValue>& values) {
  if (values.empty()) return;
  JsonArray rows;
  for (const NamedValue& value : values) {
    JsonObject row{{"value", value.value}};
    put(row, "name", value.name);
    rows.push_back(std::move(row));
  }
  object[name] = std::move(rows);
}

// The members that fields and parameters have in common.
template <typename T>
JsonObject described(const T& each) {
  JsonObject row{{"name", each.name}};
  put(row, "title", each.title);
  put(row, "description", each.description);
  row["type"] = name_of(each.type);
  put(row, "unit", each.unit);
  if (each.scale != 1) row["scale"] = each.scale;
  if (each.range) row["range"] = JsonArray{each.range->low, each.range->high};
  put(row, "values", each.values);
  return row;
}

// Whether the effect puts a parameter into the field as it is, or by a table.
bool is_copy(const Effect& effect) {
  return effect.at.empty() && effect.to.plus == 0 && effect.times == 1 && !effect.as_bool &&
         !effect.bit;
}

// The field's value for each value of the parameter.
JsonObject table_of(const Effect& effect, FieldType type) {
  JsonArray rows;
  for (const auto& [text, shown] : effect.map) {
    auto value =
        type == FieldType::kString ? Json(text) : wire::parse_json(text).value_or(Json(text));
    rows.push_back(JsonObject{{"value", std::move(value)}, {"shown", shown}});
  }
  return JsonObject{{"field", effect.field}, {"values", std::move(rows)}};
}

// `effects`: of the command; an inner parameter's name is a path in these.
JsonArray params_of(const std::vector<Param>& params, const std::vector<Effect>& effects,
                    const std::string& path = "") {
  JsonArray rows;
  for (const Param& param : params) {
    const std::string name = path + param.name;
    JsonObject row = described(param);
    row["required"] = param.required;
    if (param.ignored) row["ignored"] = true;
    if (param.never) row["never"] = *param.never;
    if (param.exactly_one) row["exactly_one"] = true;
    if (param.min_items) row["min_items"] = *param.min_items;
    if (param.max_items) row["max_items"] = *param.max_items;
    JsonArray copies;
    JsonArray tables;
    for (const Effect& effect : effects) {
      if (effect.to.param != name || !is_copy(effect)) continue;
      if (effect.map.empty()) copies.emplace_back(effect.field);
      if (!effect.map.empty()) tables.emplace_back(table_of(effect, param.type));
    }
    if (!copies.empty()) row["sets"] = std::move(copies);
    if (!tables.empty()) row["sets_by_table"] = std::move(tables);
    if (!param.fields.empty()) row["params"] = params_of(param.fields, effects, name + ".");
    if (!param.forms.empty()) {
      row["form_of"] = param.form_of;
      row["forms"] = params_of(param.forms, {});
    }
    rows.push_back(std::move(row));
  }
  return rows;
}

JsonArray inner_of(const std::vector<Field>& fields) {
  JsonArray rows;
  for (const Field& field : fields) {
    JsonObject row = described(field);
    put(row, "bits", field.bits);
    if (!field.fields.empty()) row["fields"] = inner_of(field.fields);
    rows.push_back(std::move(row));
  }
  return rows;
}

JsonObject product_row(const Product& product) {
  JsonObject row{{"prefix", product.prefix}, {"name", product.name}};
  put(row, "note", product.note);
  put(row, "source", product.source);
  return row;
}

JsonArray reports_of(const Family& family) {
  JsonArray rows;
  for (const Report& report : family.reports) {
    JsonObject match;
    for (const auto& [key, value] : report.match) match[key] = value;
    JsonObject row{{"name", report.name}, {"match", std::move(match)}};
    put(row, "prefix", report.prefix);
    put(row, "module", report.module);
    row["fields"] = JsonArray(report.fields.begin(), report.fields.end());
    rows.emplace_back(std::move(row));
  }
  return rows;
}

}  // namespace

JsonObject json_of(const Family& family, const Field& field) {
  JsonObject row = described(field);
  row["kind"] = "field";
  put(row, "bits", field.bits);
  put(row, "nature", field.nature);
  if (field.part) row["part"] = true;
  if (field.when) {
    row["when"] = JsonObject{
        {field.when->field, JsonArray(field.when->values.begin(), field.when->values.end())}};
  }
  if (field.invert) row["invert"] = true;
  put(row, "sign", field.sign);
  if (field.format != FieldFormat::kPlain) row["format"] = name_of(field.format);
  if (field.essential) row["essential"] = true;
  put(row, "source", field.source);
  if (field.absent) row["absent"] = *field.absent;
  if (field.never) row["never"] = *field.never;
  if (field.error) row["error"] = true;
  if (field.error) row["severity"] = name_of(field.severity);
  row["initial"] = field.initial;
  row["set_by"] = JsonArray(field.written_by.begin(), field.written_by.end());
  if (!field.fields.empty()) row["fields"] = inner_of(field.fields);
  JsonArray feeds;
  for (const PhysicsPart& part : family.physics) {
    for (const PhysicsPart::Feed& feed : part.feeds) {
      if (feed.field != field.name) continue;
      feeds.push_back(JsonObject{{"part", part.path}, {"quantity", quantity_name(feed.quantity)}});
    }
  }
  if (!feeds.empty()) row["fed_by"] = std::move(feeds);
  return row;
}

JsonObject json_of(const Command& command) {
  JsonObject row{{"kind", "command"}, {"name", command.name}};
  put(row, "title", command.title);
  put(row, "description", command.description);
  row["dangerous"] = command.dangerous;
  if (command.group != CommandGroup::kOther) row["group"] = name_of(command.group);
  put(row, "source", command.source);
  JsonObject select;
  for (const auto& [at, value] : command.select) select[at] = value;
  if (!select.empty()) row["select"] = std::move(select);
  row["params"] = params_of(command.params, command.effects);
  return row;
}

JsonObject json_of(const PhysicsPart& part) {
  JsonObject numbers;
  for (const auto& [name, value] : part.numbers) numbers[name] = value;
  JsonObject feeds;
  for (const PhysicsPart::Feed& feed : part.feeds) {
    feeds[quantity_name(feed.quantity)] = feed.field;
  }
  JsonObject row{{"kind", "part"},
                 {"name", part.path},
                 {"numbers", std::move(numbers)},
                 {"feeds", std::move(feeds)}};
  for (const auto& [name, formula] : part.formulas) put(row, name, formula.text);
  return row;
}

JsonObject summary_of(const Family& family, const Catalog& catalog) {
  JsonObject row{{"id", family.id}};
  put(row, "product", family.product);
  put(row, "description", family.description);
  row["prefixes"] = JsonArray(family.prefixes.begin(), family.prefixes.end());
  JsonArray products;
  for (const Product& product : catalog.products()) {
    if (product.family == family.id) products.emplace_back(product_row(product));
  }
  if (!products.empty()) row["products"] = std::move(products);
  return row;
}

JsonArray unserved_products(const Catalog& catalog) {
  JsonArray rows;
  for (const Product& product : catalog.products()) {
    if (!product.unserved) continue;
    JsonObject row = product_row(product);
    row["unserved"] = name_of(*product.unserved);
    put(row, "host", product.host);
    rows.emplace_back(std::move(row));
  }
  return rows;
}

std::string reason_of(const Product& product, const Catalog& catalog) {
  std::string reason(text_of(product.unserved.value_or(Unserved::kNotDocumented)));
  const FamilyPtr host = catalog.find(product.host);
  if (host != nullptr) reason += fmt::format(", a {}", host->product);
  return reason;
}

void add_unserved(const Catalog& catalog, std::string_view sn, JsonObject& row) {
  const Product* product = catalog.product_of(sn);
  if (product == nullptr || !product->unserved || !catalog.of_serial(sn)->passthrough) return;
  row["product"] = product->name;
  row["unserved"] = name_of(*product->unserved);
  row["reason"] = reason_of(*product, catalog);
}

JsonObject json_of(const Family& family, const Catalog& catalog) {
  JsonObject whole = summary_of(family, catalog);
  JsonArray groups;
  for (const FieldGroup& group : family.groups) {
    groups.push_back(JsonObject{{"name", group.name},
                                {"title", group.title},
                                {"fields", JsonArray(group.fields.begin(), group.fields.end())}});
  }
  whole["groups"] = std::move(groups);
  JsonArray fields;
  for (const Field& field : family.fields) fields.emplace_back(json_of(family, field));
  whole["fields"] = std::move(fields);
  JsonArray commands;
  for (const Command& command : family.commands) {
    JsonObject row = json_of(command);
    row["example"] = example_set(family, command, kExampleSn);
    commands.emplace_back(std::move(row));
  }
  whole["commands"] = std::move(commands);
  whole["reports"] = reports_of(family);
  JsonArray quirks;
  for (const Quirk& quirk : family.notes.quirks) {
    quirks.push_back(JsonObject{{"what", quirk.what}, {"source", quirk.source}});
  }
  whole["quirks"] = std::move(quirks);
  return whole;
}

}  // namespace gridloom::catalog
