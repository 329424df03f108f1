-- table.sort as a merge sort: comparisons may wait, and no comparison, however wrong, breaks it.
local function merge(list, less, spare, first, middle, last)
  for i = first, last do spare[i] = list[i] end
  local left, right = first, middle + 1
  for i = first, last do
    if right > last or (left <= middle and not less(spare[right], spare[left])) then
      list[i] = spare[left]
      left = left + 1
    else
      list[i] = spare[right]
      right = right + 1
    end
  end
end

local function sort(list, less)
  less = less or function(a, b) return a < b end
  local size, spare, width = rawlen(list), {}, 1
  while width < size do
    for first = 1, size - width, 2 * width do
      merge(list, less, spare, first, first + width - 1, math.min(first + 2 * width - 1, size))
    end
    width = 2 * width
  end
end

return {["table.sort"] = sort}
