#include "tests/reference/example_folder.hpp"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <stdexcept>

namespace celeriac::reference {
namespace {

namespace fs = std::filesystem;

Json read(const fs::path& path) {
  std::ifstream file(path);
  auto value = Json::parse(std::string(std::istreambuf_iterator<char>(file), {}), nullptr, false);
  if (value.is_discarded()) throw std::runtime_error(path.string() + " is no JSON");
  return value;
}

void plant(vm::Assets& assets, const Json& garden) {
  for (const auto& [collection, items] : garden.items()) {
    const auto kind = vm::find_asset_kind(collection);
    if (!kind) continue;  // a remark, the sequences themselves
    const Json list = items.is_array() ? items : Json::array({items});
    for (const Json& item : list)
      if (const auto put = assets.put(*kind, item); !put)
        throw std::runtime_error(collection + ": " + put.error().message);
  }
}

}  // namespace

ExampleFolder read_examples(const fs::path& folder) {
  ExampleFolder examples;
  plant(examples.account.assets, read(folder / "garden.json"));
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (entry.path().extension() != ".json") continue;
    Json document = read(entry.path());
    if (!document.contains("kind")) continue;
    if (document.contains("id")) examples.account.sequences[document.at("id").get<std::int64_t>()] = document;
    examples.documents.emplace_back(entry.path().filename(), std::move(document));
  }
  std::ranges::sort(examples.documents);
  return examples;
}

}  // namespace celeriac::reference
