// The names and shapes of a BatchWriter, and the indexes by which its present batch refers to them:
// a batch defines a name and a shape where they first occur. Names and shapes outlive a batch, so
// that a writer finds them again without their texts; their indexes in it do not.
//
// Used by one thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/string_map.h"

namespace gridloom::journal {

// Index of a field name in its writer. A caller keeps one NameRef for each name that it uses often,
// to avoid a lookup; a NameRef belongs to one writer.
struct NameRef {
  std::uint32_t generation = 0;
  std::uint32_t index = 0;
};

// The names of a row's fields as a key of maps.
[[nodiscard]] std::string_view key_of(const std::vector<std::uint32_t>& names);

class BatchDictionary {
 public:
  // The most names and shapes that are remembered across batches.
  static constexpr std::size_t kMaxNames = 4096;
  static constexpr std::size_t kMaxShapes = 128;

  struct Shape {
    std::vector<std::uint32_t> names{};  // indexes in the dictionary
    std::string definition{};  // as written where all of its names are new; empty: not yet
    std::uint64_t batch = 0;   // in which the members below are right
    std::uint32_t index = 0;   // by which that batch refers to it
    // The values of the last row, as positions in the batch: of the first, if that row has all
    // values, and of each, once they were needed. The writer's.
    std::size_t values_at = 0;
    bool are_located = false;
    std::vector<std::size_t> located{};
  };

  // The index of a name, which is added if the dictionary does not have it.
  [[nodiscard]] std::uint32_t index_of(NameRef& ref, std::string_view name) {
    if (ref.generation != generation_) ref = {.generation = generation_, .index = add(name)};
    return ref.index;
  }
  [[nodiscard]] std::uint32_t index_of(std::string_view name);  // for a name without a NameRef

  // The shape that a row probably has, of which the first name is known; null: none that begins so
  // was seen twice. Shapes are valid until the next call of shape_of() or begin_batch().
  [[nodiscard]] Shape* expected_shape(std::uint32_t first_name) {
    const std::uint32_t shape = names_[first_name].shape;
    return shape == kNone ? nullptr : &shapes_[shape];
  }
  [[nodiscard]] Shape& shape_of(const std::vector<std::uint32_t>& names);

  // How the batch refers to a shape: by an index, and by its definition if the batch has none yet.
  struct Reference {
    std::uint32_t index = 0;
    std::string_view definition{};  // valid until the next call; empty: the batch has it
  };
  [[nodiscard]] Reference refer_to(Shape& shape);
  // Takes the last refer_to() back, which defined the shape: its bytes are not in the batch.
  void withdraw(Shape& shape);

  // Forgets all indexes in the batch, and names and shapes if there are too many.
  void begin_batch();

 private:
  static constexpr std::uint32_t kNone = UINT32_MAX;
  struct Name {
    std::string text;
    std::uint64_t batch = 0;      // in which `index` is its index
    std::uint32_t index = 0;      // by which that batch refers to it
    std::uint32_t shape = kNone;  // the last shape that began with this name
  };

  [[nodiscard]] std::uint32_t add(std::string_view name);
  [[nodiscard]] std::string_view define(Shape& shape, bool again);

  std::uint64_t batch_ = 1;
  std::uint32_t names_in_batch_ = 0;
  std::uint32_t names_before_ = 0;  // the last refer_to()
  std::uint32_t shapes_in_batch_ = 0;
  std::uint32_t generation_ = 1;  // of names_
  std::vector<Name> names_;
  StringMap<std::uint32_t> others_;  // names without a NameRef
  std::vector<Shape> shapes_;
  std::size_t shape_count_ = 0;             // in use; the others keep their memory
  StringMap<std::uint32_t> shape_indexes_;  // by key_of()
  std::string definition_;                  // of the shape that was defined last
};

}  // namespace gridloom::journal
