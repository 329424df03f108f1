#include "console/completion.hpp"

#include <CLI/App.hpp>
#include <format>
#include <vector>

#include "console/command_line.hpp"
#include "protocol/operations.hpp"

namespace celeriac::console {

const char* const asset_kind_words =
    "device fbos_config firmware_config points point_groups tools peripherals sensors sensor_readings "
    "sensor_calibrations "
    "regimens farm_events farmware_envs images curves pin_bindings folders saved_gardens plant_templates "
    "webcam_feeds logs sequences";

namespace {

// Names that every host has; `watch` takes any other as well.
constexpr std::string_view register_names =
    "position encoders locked busy firmware log status gpio pins. gpio. process. config.";

/// Long options of a parser, those of the whole line included.
std::string options_of(const CLI::App& app) {
  std::string text;
  for (const auto* option : app.get_options())
    for (const auto& name : option->get_lnames()) text += std::format("--{} ", name);
  return text;
}

/// The words that may follow a command, besides options and files.
std::string words_of(const Command& command) {
  std::string text;
  switch (command.completes) {
    case Completes::operations:
      for (const auto& row : protocol::operations()) text += std::format("{} ", row.long_name);
      break;
    case Completes::registers:
      text = register_names;
      break;
    case Completes::axes:
      text = "x y z all";
      break;
    case Completes::assets:
      text = asset_kind_words;
      break;
    case Completes::nothing:
    case Completes::files:
    case Completes::processes:
    case Completes::codes:
    case Completes::parameters:
      break;
  }
  return text;
}

std::string first_words() {
  std::string text, last;
  for (const auto& command : commands()) {
    const std::string first(command.name.substr(0, command.name.find(' ')));
    if (first != last) text += first + ' ';
    last = first;
  }
  return text;
}

std::string case_of_groups() {
  std::string text;
  for (const auto& group : groups()) {
    std::string seconds;
    for (const auto& command : commands())
      if (command.name.starts_with(std::string(group.name) + ' '))
        seconds += std::string(command.name.substr(group.name.size() + 1)) + ' ';
    text += std::format("    {}) words=\"{}\" ;;\n", group.name, seconds);
  }
  return text;
}

std::string case_of_commands(const CLI::App& root) {
  std::string text;
  for (const auto& command : commands()) {
    const auto* parser = find_parser(root, command.name);
    text += std::format("    \"{}\") words=\"{}\" options=\"{}\" files={} ;;\n", command.name,
                        words_of(command), parser != nullptr ? options_of(*parser) : "",
                        command.completes == Completes::files ? 1 : 0);
  }
  return text;
}

/// `SYS.HOME) words="axis= speed=" ;;` for every operation that takes fields.
std::string case_of_operations() {
  std::string text;
  for (const auto& row : protocol::operations()) {
    std::string fields;
    if (protocol::takes_id(row.payload)) fields = "id= ";
    if (row.payload == protocol::Payload::text) fields = "text= ";
    for (const auto& field : row.fields) fields += std::format("{}= ", field.name);
    if (!fields.empty()) text += std::format("      {}) words=\"{}\" ;;\n", row.long_name, fields);
  }
  return text;
}

}  // namespace

std::string bash_completion() {
  GlobalOptions options;
  const auto parser = make_parser(options, [](const Action&) {});
  std::string script = "# bash completion for celeriac: source <(celeriac completion bash)\n";
  script += R"(_celeriac() {
  local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD-1]}
  local words="" options="" files=0 first="" second="" word skip=0 i
  COMPREPLY=()
  case $previous in
    --dir) compopt -o dirnames; return ;;
    --token-file|--payload|--serial|-o|--output) compopt -o default; return ;;
  esac
  for ((i = 1; i < COMP_CWORD; i++)); do
    word=${COMP_WORDS[i]}
    if ((skip)); then skip=0; continue; fi
    case $word in
      --dir|--connect|--token-file) skip=1 ;;
      -*) ;;
      *) if [[ -z $first ]]; then first=$word; elif [[ -z $second ]]; then second=$word; fi ;;
    esac
  done
)";
  script += "  local every=\"" + options_of(*parser) + "\"\n";
  script += "  if [[ -z $first ]]; then\n    words=\"" + first_words() + "\"\n  else\n";
  script += "  local name=$first\n  case $first in\n    ";
  std::string names;
  for (const auto& group : groups()) names += (names.empty() ? "" : "|") + std::string(group.name);
  script += names + ") [[ -n $second ]] && name=\"$first $second\" ;;\n  esac\n";
  script += "  case $name in\n" + case_of_groups() + case_of_commands(*parser) + "  esac\n";
  script += "  if [[ $first == call && -n $second ]]; then\n    case $second in\n" + case_of_operations() +
            "      *) words=\"\" ;;\n    esac\n  fi\n  fi\n";
  script += R"(  if [[ $current == -* ]]; then words="$options $every"; fi
  mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
  if ((files)) && [[ $current != -* ]]; then
    compopt -o filenames
    mapfile -t -O "${#COMPREPLY[@]}" COMPREPLY < <(compgen -f -X '!*.json' -- "$current"; compgen -d -- "$current")
  fi
  case ${COMPREPLY[0]-} in *=|*.) compopt -o nospace ;; esac
}
complete -F _celeriac celeriac
)";
  return script;
}

}  // namespace celeriac::console
