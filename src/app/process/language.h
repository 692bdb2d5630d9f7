// The language of what people read at a terminal: English or German. The German texts of devices
// are in devices/de, those of the page in web/i18n; here are those of the terminal: the home's
// status, energies, faults and the welcome. Output for programs, --json and --csv, is English.
//
// Thread rule: any thread, once the command line is read.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <ranges>
#include <string>
#include <string_view>

#include "catalog/language.h"

namespace gridloom::app {

// Where --language stores its value; empty: it was not given.
[[nodiscard]] std::string& chosen_language();
// The language of --language, or else of the environment: LC_ALL, LC_MESSAGES or LANG.
[[nodiscard]] catalog::Language language();

struct PhraseRow {
  std::string_view english;
  std::string_view german;
};
// Blanks at an end belong to a phrase; {} is a value.
inline constexpr auto kPhrases = std::to_array<PhraseRow>({
    // status
    {"home", "Haus"},
    {"sun", "Sonne"},
    {"battery", "Akku"},
    {" idle", " ruht"},
    {" charging ", " lädt mit "},
    {" giving ", " gibt "},
    {"to the grid", "ins Netz"},
    {"from the grid", "aus dem Netz"},
    {"car", "Auto"},
    {"heat", "Wärme"},
    {"at least ", "mindestens "},
    {"live", "aktiv"},
    {"quiet", "keine Meldung"},
    {"offline", "offline"},
    {"never", "nie gemeldet"},
    {"warning: ", "Warnung: "},
    {"arning", "arnung"},
    {" and {} more", " und {} weitere"},
    {"NAME", "NAME"},
    {"DEVICE", "GERÄT"},
    {"CHARGE", "LADUNG"},
    {"GRID", "NETZ"},
    {"AGE", "ALTER"},
    {"STATE", "ZUSTAND"},
    {"TODAY, kWh", "HEUTE, kWh"},
    {"there are no devices yet; `gridloom device add` adds one",
     "es gibt noch keine Geräte; `gridloom device add` fügt eines hinzu"},
    // energies
    {"SUN", "SONNE"},
    {"BATT IN", "AKKU EIN"},
    {"BATT OUT", "AKKU AUS"},
    {"GRID IN", "NETZ EIN"},
    {"GRID OUT", "NETZ AUS"},
    {"LOAD", "LAST"},
    {"HOME", "HAUS"},
    {"EV", "AUTO"},
    {"CAR", "AUTO"},
    {"HEAT", "WÄRME"},
    {"HOUR, kWh", "STUNDE, kWh"},
    {"DAY, kWh", "TAG, kWh"},
    {"MONTH, kWh", "MONAT, kWh"},
    {"total", "gesamt"},
    {"self-sufficiency", "Autarkie"},
    {"self-consumption", "Eigenverbrauch"},
    {"{}: {} h were counted before a correction, and their values are not kept.",
     "{}: {} h wurden vor einer Korrektur gezählt, ihre Werte sind nicht mehr da."},
    {"No energy is known from {} to {}.", "Von {} bis {} ist keine Energie bekannt."},
    {"There are no devices yet.", "Es gibt noch keine Geräte."},
    {"Sun", "So"},
    {"Mon", "Mo"},
    {"Tue", "Di"},
    {"Wed", "Mi"},
    {"Thu", "Do"},
    {"Fri", "Fr"},
    {"Sat", "Sa"},
    // faults
    {"FAULT", "STÖRUNG"},
    {"ACCOUNT", "KONTO"},
    {"PROBABILITY", "WAHRSCHEINLICHKEIT"},
    {"VALUE", "WERT"},
    {"UNTIL", "BIS"},
    {"OF", "VON"},
    {"DESCRIPTION", "BESCHREIBUNG"},
    {"No fault is on; `gridloom fault list --all` lists the faults there are.",
     "Keine Störung ist an; `gridloom fault list --all` zeigt, welche es gibt."},
    {"No fault was on.", "Keine Störung war an."},
    // the welcome
    {"Gridloom is up, and the demo home is connecting.",
     "Gridloom läuft, und das Demo-Zuhause verbindet sich."},
    {"certificate", "Zertifikat"},
    {"access key", "Access-Key"},
    {"secret key", "Secret-Key"},
    {"keys", "Schlüssel"},
    {"At a terminal, in a second window:", "Am Terminal, in einem zweiten Fenster:"},
    {"All values of a device over HTTP:", "Alle Werte eines Geräts über HTTP:"},
    {"Its reports as they come (Debian: mosquitto-clients):",
     "Seine Meldungen, wie sie kommen (Debian: mosquitto-clients):"},
    {"Ctrl-C stops it. The home in a browser:", "Strg-C beendet es. Das Zuhause im Browser:"},
});

// A text of the table; any other does not compile.
class Phrase {
 public:
  consteval Phrase(const char* english)  // NOLINT(google-explicit-constructor): a literal is one
      : row_(row_of(english)) {}

  [[nodiscard]] constexpr std::string_view english() const { return kPhrases.at(row_).english; }
  [[nodiscard]] constexpr std::string_view german() const { return kPhrases.at(row_).german; }

 private:
  static consteval std::size_t row_of(std::string_view english) {
    return static_cast<std::size_t>(std::ranges::find(kPhrases, english, &PhraseRow::english) -
                                    kPhrases.begin());
  }

  std::size_t row_;
};

// The phrase in the language of the terminal.
[[nodiscard]] std::string_view translated(Phrase phrase);
// The number with the decimal sign of that language.
[[nodiscard]] std::string localized(std::string number);

}  // namespace gridloom::app
