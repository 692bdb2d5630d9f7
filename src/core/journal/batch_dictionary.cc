#include "journal/batch_dictionary.h"

#include <utility>

#include "base/bytes.h"

namespace gridloom::journal {

std::string_view key_of(const std::vector<std::uint32_t>& names) {
  return {static_cast<const char*>(static_cast<const void*>(names.data())),
          names.size() * sizeof(names[0])};
}

std::uint32_t BatchDictionary::add(std::string_view name) {
  names_.push_back({.text = std::string(name)});
  return static_cast<std::uint32_t>(names_.size() - 1);
}

std::uint32_t BatchDictionary::index_of(std::string_view name) {
  auto found = others_.find(name);
  if (found == others_.end()) found = others_.emplace(name, add(name)).first;
  return found->second;
}

// A shape is expected from its second row on: devices that report only what has changed have
// another shape in nearly each row.
BatchDictionary::Shape& BatchDictionary::shape_of(const std::vector<std::uint32_t>& names) {
  const std::string_view key = key_of(names);
  const auto found = shape_indexes_.find(key);
  if (found != shape_indexes_.end()) {
    if (!names.empty()) names_[names.front()].shape = found->second;
    return shapes_[found->second];
  }
  shape_indexes_.emplace(key, static_cast<std::uint32_t>(shape_count_));
  if (shape_count_ == shapes_.size()) shapes_.emplace_back();
  Shape& shape = shapes_[shape_count_++];
  shape.names = names;
  shape.definition.clear();
  shape.batch = 0;
  return shape;
}

BatchDictionary::Reference BatchDictionary::refer_to(Shape& shape) {
  if (shape.batch == batch_) return {.index = shape.index};
  shape.index = shapes_in_batch_++;
  const bool again = std::exchange(shape.batch, batch_) != 0;
  return {.index = shape.index, .definition = define(shape, again)};
}

// `again`: an earlier batch has defined it, so later ones will.
std::string_view BatchDictionary::define(Shape& shape, bool again) {
  names_before_ = names_in_batch_;
  for (const std::uint32_t index : shape.names) {
    Name& name = names_[index];
    if (name.batch == batch_) continue;
    name.batch = batch_;
    name.index = names_in_batch_++;
  }
  const std::size_t count = shape.names.size();
  const bool all_new = names_in_batch_ - names_before_ == count;
  if (all_new && !shape.definition.empty()) return shape.definition;
  definition_.clear();
  append_varint(definition_, 2 * count + (all_new ? 1 : 0));
  if (!all_new) {
    for (const std::uint32_t index : shape.names) append_varint(definition_, names_[index].index);
  }
  std::uint32_t next = names_before_;
  for (const std::uint32_t index : shape.names) {
    if (names_[index].index != next) continue;
    append_text(definition_, names_[index].text);
    ++next;
  }
  if (all_new && again) shape.definition = definition_;
  return definition_;
}

void BatchDictionary::withdraw(Shape& shape) {
  for (const std::uint32_t index : shape.names) {
    if (names_[index].index >= names_before_) names_[index].batch = 0;
  }
  names_in_batch_ = names_before_;
  shape.batch = 0;
  --shapes_in_batch_;
}

void BatchDictionary::begin_batch() {
  names_in_batch_ = 0;
  shapes_in_batch_ = 0;
  ++batch_;
  const bool too_many_names = names_.size() > kMaxNames;
  if (too_many_names || shape_count_ > kMaxShapes) {
    if (shape_count_ > 2 * kMaxShapes) shapes_.clear();
    shape_count_ = 0;
    shape_indexes_.clear();
    for (Name& name : names_) name.shape = kNone;
  }
  if (too_many_names) {
    ++generation_;
    names_.clear();
    others_.clear();
  }
}

}  // namespace gridloom::journal
