package expr

import (
	"slices"
	"strings"
	"testing"
)

// documented are the examples of the reference that no other table has, page by
// page.
// https://learn.microsoft.com/azure/azure-resource-manager/templates/template-functions
// https://learn.microsoft.com/azure/azure-resource-manager/bicep/bicep-functions
func documented() []call {
	return slices.Concat(documentedArrays(), documentedObjects(), documentedLambdas(), documentedTexts(), documentedScalars())
}

func documentedArrays() []call {
	three := arr{"one", "two", "three"}
	first, second, third := arr{1, 2, 3, 4}, arr{3, 2, 1}, arr{4, 1, 3, 2}
	numbers, duplicates := arr{4, 5, 6}, arr{1, 2, 3, 1}
	fruit := arr{"apple", "banana", "orange", "grape"}
	return []call{
		{"array", arr{obj{"a", "b", "c", "d"}}, arr{obj{"a", "b", "c", "d"}}},
		{"concat", arr{arr{"1-1", "1-2", "1-3"}, arr{"2-1", "2-2", "2-3"}}, arr{"1-1", "1-2", "1-3", "2-1", "2-2", "2-3"}},
		{"contains", arr{obj{"one", "a", "two", "b", "three", "c"}, "one"}, true},
		{"contains", arr{obj{"one", "a", "two", "b", "three", "c"}, "a"}, false},
		{"contains", arr{three, "three"}, true},
		{"contains", arr{three, "four"}, false},
		{"createArray", arr{"a", "b", "c"}, arr{"a", "b", "c"}},
		{"createArray", arr{obj{"one", "a", "two", "b", "three", "c"}}, arr{obj{"one", "a", "two", "b", "three", "c"}}},
		{"createArray", arr{three}, arr{three}},
		{"indexOf", arr{three, "one"}, 0},
		{"indexOf", arr{numbers, 6}, 2},
		{"indexOf", arr{arr{three, numbers}, numbers}, 1},
		{"indexOf", arr{duplicates, 1}, 0},
		{"lastIndexOf", arr{three, "two"}, 1},
		{"lastIndexOf", arr{three, "Three"}, -1},
		{"lastIndexOf", arr{numbers, 4}, 0},
		{"lastIndexOf", arr{numbers, "5"}, -1},
		{"lastIndexOf", arr{duplicates, 1}, 3},
		{"intersection", arr{three, arr{"two", "three"}}, arr{"two", "three"}},
		{"intersection", arr{first, second, third}, arr{1, 2, 3}},
		{"intersection", arr{second, third, first}, arr{3, 2, 1}},
		{"indexFromEnd", arr{fruit, 2}, "orange"},
		{"tryIndexFromEnd", arr{fruit, 2}, "orange"},
		{"tryIndexFromEnd", arr{fruit, 5}, nil},
		{"tryGet", arr{arr{"red", "green"}, 0}, "red"},
		{"union", arr{three, arr{"three", "four", "two"}}, arr{"one", "two", "three", "four"}},
		{"union", arr{
			arr{arr{"one", "two"}, arr{"three"}}, arr{arr{"three"}, arr{"four", "two"}},
		}, arr{arr{"one", "two"}, arr{"three"}, arr{"four", "two"}}},
	}
}

func documentedObjects() []call {
	user := obj{"name", "John Doe", "age", 30}
	return []call{
		{"createObject", arr{
			"intProp", 1, "stringProp", "abc", "boolProp", true, "arrayProp", arr{"a", "b", "c"}, "objectProp", obj{"key1", "value1"},
		}, obj{"intProp", 1, "stringProp", "abc", "boolProp", true, "arrayProp", arr{"a", "b", "c"}, "objectProp", obj{"key1", "value1"}}},
		{"items", arr{obj{
			"item002",
			obj{"enabled", false, "displayName", "Example item 2", "number", 200},
			"item001",
			obj{"enabled", true, "displayName", "Example item 1", "number", 300},
		}}, arr{
			obj{"key", "item001", "value", obj{"enabled", true, "displayName", "Example item 1", "number", 300}},
			obj{"key", "item002", "value", obj{"enabled", false, "displayName", "Example item 2", "number", 200}},
		}},
		{"json", arr{"{'a': 'b'}"}, obj{"a", "b"}},
		{"json", arr{"'test'"}, "test"},
		{"json", arr{"true"}, true},
		{"json", arr{"3"}, 3},
		{"json", arr{"[1,2,3]"}, arr{1, 2, 3}},
		{"json", arr{`{"a": "demo value"}`}, obj{"a", "demo value"}},
		{"objectKeys", arr{obj{"b", 2, "a", 1}}, arr{"a", "b"}},
		{"objectKeys", arr{obj{}}, arr{}},
		{"shallowMerge", arr{arr{obj{"one", "a"}, obj{"two", "b"}, obj{"two", "c"}}}, obj{"one", "a", "two", "c"}},
		{"shallowMerge", arr{arr{
			obj{"one", "a", "nested", obj{"a", 1, "nested", obj{"c", 3}}}, obj{"two", "b", "nested", obj{"b", 2}},
		}}, obj{"one", "a", "nested", obj{"b", 2}, "two", "b"}},
		{"tryGet", arr{user, "region"}, nil},
		{"tryGet", arr{user, "name"}, "John Doe"},
		{"union", arr{
			obj{"one", "a", "two", "b", "three", "c1"}, obj{"three", "c2", "four", "d", "five", "e"},
		}, obj{"one", "a", "two", "b", "three", "c2", "four", "d", "five", "e"}},
		{"union", arr{
			obj{"property", obj{"one", "a", "two", "b", "three", "c1"}, "nestedArray", arr{1, 2}},
			obj{"property", obj{"three", "c2", "four", "d", "five", "e"}, "nestedArray", arr{3, 4}},
		}, obj{"property", obj{"one", "a", "two", "b", "three", "c2", "four", "d", "five", "e"}, "nestedArray", arr{3, 4}}},
	}
}

func documentedLambdas() []call {
	dog := func(name string, age int, interests ...any) obj {
		return obj{"name", name, "age", age, "interests", arr(interests)}
	}
	evie, casper, indy, kira := dog("Evie", 5, "Ball", "Frisbee"), dog("Casper", 3, "Other dogs"), dog("Indy", 2, "Butter"), dog("Kira", 8, "Rubs")
	dogs := arr{evie, casper, indy, kira}
	ten := arr{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}
	sum := fn(op(Add, name("cur"), name("next")), "cur", "next")
	named, whole := fn(dot(name("entry"), "name"), "entry"), fn(name("entry"), "entry")
	byName := obj{"Evie", evie, "Casper", casper, "Indy", indy, "Kira", kira}
	return []call{
		{"filter", arr{dogs, fn(op(GreaterOrEqual, dot(name("dog"), "age"), lit(5)), "dog")}, arr{evie, kira}},
		{"filter", arr{ten, fn(op(Greater, name("i"), lit(5)), "i")}, arr{6, 7, 8, 9}},
		{"filter", arr{ten, fn(op(Equal, lit(0), op(Modulo, name("i"), lit(2))), "i")}, arr{0, 2, 4, 6, 8}},
		{"map", arr{dogs, named}, arr{"Evie", "Casper", "Indy", "Kira"}},
		{"map", arr{dogs, fn(&Interpolation{Parts: []Expr{lit("Hello "), dot(name("dog"), "name"), lit("!")}}, "dog")}, arr{
			"Hello Evie!", "Hello Casper!", "Hello Indy!", "Hello Kira!",
		}},
		{"reduce", arr{arr{5, 3, 2, 8}, 0, sum}, 18},
		{"reduce", arr{arr{5, 3, 2, 8}, 1, sum}, 19},
		{"reduce", arr{arr{obj{"foo", 123}, obj{"bar", 456}, obj{"baz", 789}}, obj{}, fn(invoke("union", name("cur"), name("next")), "cur", "next")}, obj{
			"foo", 123, "bar", 456, "baz", 789,
		}},
		{"sort", arr{dogs, fn(op(Less, dot(name("a"), "age"), dot(name("b"), "age")), "a", "b")}, arr{indy, casper, evie, kira}},
		{"toObject", arr{dogs, named}, byName},
		{"toObject", arr{dogs, named, whole}, byName},
		{"toObject", arr{dogs, named, fn(dot(name("entry"), "age"), "entry")}, obj{"Evie", 5, "Casper", 3, "Indy", 2, "Kira", 8}},
	}
}

func documentedTexts() []call {
	const encoded = "http%3A%2F%2Fcontoso.com%2Fresources%2Fnested%2Fazuredeploy.json"
	return []call{
		{"concat", arr{"interpolation\nis ", "BLOCKED"}, "interpolation\nis BLOCKED"},
		{"format", arr{"objectToFormat: {0}", obj{"prop", "value"}}, "objectToFormat: {'prop':'value'}"},
		{"join", arr{arr{"one", "two", "three"}, ";"}, "one;two;three"},
		{"replace", arr{"123-123-1234", "1234", "xxxx"}, "123-123-xxxx"},
		{"string", arr{obj{"valueA", 10, "valueB", "Example Text"}}, `{"valueA":10,"valueB":"Example Text"}`},
		{"string", arr{arr{"'a'", `"b"`, `\c\`}}, `["'a'","\"b\"","\\c\\"]`},
		{"string", arr{`foo " ' \`}, `foo " ' \`},
		{"substring", arr{`["foo \" ' \\"]`, 1, 13}, `"foo \" ' \\"`},
		{"uriComponent", arr{"http://contoso.com/resources/nested/azuredeploy.json"}, encoded},
		{"uriComponentToString", arr{encoded}, "http://contoso.com/resources/nested/azuredeploy.json"},
	}
}

func documentedScalars() []call {
	const utc = "2020-04-07 14:53:14Z"
	calls := []call{
		{"dateTimeAdd", arr{"2023-01-31 00:00:00Z", "P1M"}, "2023-03-02T00:00:00Z"},
		{"dateTimeAdd", arr{"2024-01-31 00:00:00Z", "P1M"}, "2024-03-01T00:00:00Z"},
		{"dateTimeAdd", arr{utc, "P3Y"}, "2023-04-07T14:53:14Z"},
		{"dateTimeAdd", arr{utc, "-P9D"}, "2020-03-29T14:53:14Z"},
		{"dateTimeAdd", arr{utc, "PT1H"}, "2020-04-07T15:53:14Z"},
		{"coalesce", arr{nil, nil, "default"}, "default"},
		{"coalesce", arr{nil, nil, 1}, 1},
		{"coalesce", arr{nil, nil, obj{"first", "default"}}, obj{"first", "default"}},
		{"coalesce", arr{nil, nil, arr{1}}, arr{1}},
		{"equals", arr{obj{"a", "b"}, obj{"a", "b"}}, true},
		{"equals", arr{obj{"prop1", "val1", "prop2", "val2"}, obj{"prop2", "val2", "prop1", "val1"}}, true},
		{"equals", arr{arr{3, 2, 1}, arr{1, 2, 3}}, false},
		{"less", arr{"A", "a"}, false},
		{"less", arr{"demo", "Demo"}, true},
		{"lessOrEquals", arr{1, 2}, true},
		{"lessOrEquals", arr{"A", "a"}, false},
		{"lessOrEquals", arr{"demo", "demo"}, true},
		{"greater", arr{1, 2}, false},
		{"greater", arr{"A", "a"}, true},
		{"greater", arr{"bend", "band"}, true},
		{"greaterOrEquals", arr{10, 5}, true},
		{"greaterOrEquals", arr{"A", "a"}, true},
		{"and", arr{true, false}, false},
		{"or", arr{true, false}, true},
		{"bool", arr{"false"}, false},
		{"float", arr{3}, number("3.0")},
	}
	for i, want := range strings.Fields("0 1 2 3 4") {
		calls = append(calls, call{"cidrSubnet", arr{"10.144.0.0/20", 24, i}, "10.144." + want + ".0/24"})
	}
	for i, want := range strings.Fields(": 1000:: 2000:: 3000:: 4000::") {
		calls = append(calls, call{"cidrSubnet", arr{"fdad:3236:5555::/48", 52, i}, "fdad:3236:5555:" + want + "/52"})
	}
	for i, want := range strings.Fields("1 2 3 4 5") {
		calls = append(calls,
			call{"cidrHost", arr{"10.144.3.0/24", i}, "10.144.3." + want},
			call{"cidrHost", arr{"fdad:3236:5555:3000::/52", i}, "fdad:3236:5555:3000::" + want})
	}
	return calls
}

// TestEveryDocumentedFunction goes over the functions that the reference lists.
func TestEveryDocumentedFunction(t *testing.T) {
	t.Parallel()
	pure := `add and any array base64 base64ToJson base64ToString bool buildUri cidrHost cidrSubnet coalesce concat contains createArray
		createObject dataUri dataUriToString dateTimeAdd dateTimeFromEpoch dateTimeToEpoch distinct div empty endsWith equals fail
		false filter first flatten float format greater greaterOrEquals groupBy guid if indexFromEnd indexOf int intersection items
		join json last lastIndexOf length less lessOrEquals like map mapValues max min mod mul not null objectKeys or padLeft
		parseCidr parseUri range reduce replace shallowMerge skip sort split startsWith string sub substring take toLower toObject
		toUpper trim true tryGet tryIndexFromEnd union uniqueString uri uriComponent uriComponentToString`
	documented := strings.Fields(pure)
	for _, name := range documented {
		if f, ok := Function(name); !ok || f.Name != name {
			t.Errorf("no function %s", name)
		}
	}
	if len(documented) != len(functions()) {
		t.Errorf("%d functions, %d of them documented", len(functions()), len(documented))
	}
}
