// The text layout of a family's report, compiled once for all its virtual devices: literal text,
// and the places of values between it. A report of changes visits only the fields that changed.
// Immutable: for any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "catalog/family.h"
#include "sim/fields.h"
#include "sim/text_buffer.h"
#include "wire/json.h"

namespace gridloom::sim {

class ReportText {
 public:
  // `module`: an index into the table's modules(), for a report about one module.
  ReportText(const FieldTable& table, const catalog::Report& report,
             std::size_t module = FieldTable::kNoModule);

  enum class Extent : std::uint8_t { kChanged, kFull };
  // The values of an envelope that are no fields.
  struct Envelope {
    std::int64_t last_message_id = 0;  // counted up by each message that has an id
    std::int64_t uptime_ms = 0;
    std::int64_t now_ms = 0;
  };
  // Appends the message, from "{" to "}". False, with `out` and `envelope` unchanged, if there is
  // nothing to report.
  [[nodiscard]] bool append(TextBuffer& out, const Fields& fields, Extent extent,
                            Envelope& envelope) const;

 private:
  // ---- the envelope

  enum class Source : std::uint8_t {
    kNone,
    kBody,
    kMessageId,
    kUptime,
    kNow,
    kNoRequest,  // the id of a request, where there is none
    kModule,
    kField
  };
  // A literal text, and the value that follows it.
  struct Piece {
    std::string text{};
    Source source = Source::kNone;
    std::size_t index = 0;  // by FieldTable::modules() or Slot::index
  };
  // Adds an object to pieces_, whose last piece is still open.
  void compile_object(const FieldTable& table, const wire::JsonObject& object);
  // The value of "$name" in a report; none if a report has no such value.
  [[nodiscard]] std::optional<Piece> piece_of(const FieldTable& table, std::string_view name) const;

  // ---- the body

  // The fields of one word of Fields::changes().
  struct SlotWord {
    std::size_t index = 0;
    std::uint64_t bits = 0;
  };
  using SlotSet = std::vector<SlotWord>;  // in order
  static void add(SlotSet& set, std::size_t slot);
  // The bits of a word's fields that a message of this extent has, and whether it has any.
  [[nodiscard]] static std::uint64_t reported(const SlotWord& word, const Fields& fields,
                                              Extent extent);
  [[nodiscard]] static bool has_fields(const SlotSet& set, const Fields& fields, Extent extent);

  // A member of the body: a field's value or a nested object. An object is reported whole when any
  // of its fields changed, because readers of reports replace the previous object by the new one.
  struct Member {
    std::string key;               // a comma, the quoted name and a colon
    std::uint32_t slot = kNoSlot;  // none for an object
    bool one_as_object = false;    // as catalog::Field
    std::vector<Member> members{};
    SlotSet slots{};  // of the object
  };
  static constexpr std::uint32_t kNoSlot = UINT32_MAX;
  void compile_body(const FieldTable& table, const catalog::Report& report);
  void add_to_body(std::string_view path, Member member, bool nested);
  // For a body without objects, whose fields are in the order of their slots.
  void compile_flat_body();

  void append_flat_body(TextBuffer& out, const Fields& fields, Extent extent) const;
  // The value of a list; its only element, if there is one.
  static void append_list(TextBuffer& out, const Fields& fields, std::size_t slot);
  static void append_members(TextBuffer& out, const std::vector<Member>& members,
                             const Fields& fields, Extent extent, std::size_t comma = 1);

  std::vector<Piece> pieces_;
  std::string match_;  // the members of Report::match, where no envelope has them
  std::vector<Member> body_;
  SlotSet slots_;  // of the body
  // A flat body has the keys' text, followed by padding, and where the key of each slot is in it.
  struct Key {
    std::uint32_t at = 0;
    std::uint32_t length = 0;
  };
  std::string key_text_;
  std::vector<Key> keys_;  // from first_slot_ on; empty if the body is not flat
  std::size_t first_slot_ = 0;
  std::size_t module_ = FieldTable::kNoModule;
  bool only_full_ = false;
};

}  // namespace gridloom::sim
