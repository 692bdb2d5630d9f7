// How a report of a family looks as text, laid out once for all its virtual devices: what is the
// same in each message is never made again. Never changes: for any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "catalog/family.h"
#include "sim/effects.h"
#include "sim/model.h"
#include "wire/json.h"

namespace gridloom::sim {

class ReportText {
 public:
  // `module`: its place in the table's modules(), for a report about one module.
  ReportText(const FieldTable& table, const catalog::Report& report,
             std::size_t module = FieldTable::kNoModule);

  enum class Extent : std::uint8_t { kChanged, kFull };
  // The message, from "{" to "}". False, and `out` is as it was: there is nothing to say.
  [[nodiscard]] bool append(std::string& out, const Fields& fields, Extent extent,
                            const Lookup& lookup) const;

 private:
  // A member of an object: a text, or what a "$name" stands for, or the module's serial number, or
  // an object of its own; of the body, a field's value or an object.
  struct Member {
    std::string key;                // quoted, and a colon
    std::string text{};             // of the envelope: what follows,
    std::string name{};             // or this, to be looked up
    std::size_t slot = kNoSlot;     // of the body
    std::vector<Member> members{};  // of an object
    bool is_body = false;
    bool is_module = false;
  };
  static constexpr std::size_t kNoSlot = SIZE_MAX;

  [[nodiscard]] static Member envelope_member(std::string_view key, const wire::Json& value);
  void append_envelope(std::string& out, const std::vector<Member>& members, const Fields& fields,
                       Extent extent, const Lookup& lookup) const;
  void add_to_body(std::string_view path, std::size_t slot, const catalog::Messages& messages);
  // An object is said whole when anything in it changed: those who read reports put an object in
  // the place of the one before.
  [[nodiscard]] static bool says(const Member& member, const Fields& fields, Extent extent);
  static void append_body(std::string& out, const std::vector<Member>& members,
                          const Fields& fields, Extent extent);

  std::vector<Member> envelope_;
  std::vector<Member> body_;
  std::size_t module_ = FieldTable::kNoModule;
  bool only_full_ = false;
};

}  // namespace gridloom::sim
