package bicep

// Walk calls visit for a node and, where that returns true, for the nodes
// below it, in the order of the text. It skips nodes that are nil. The height
// of a tree is bounded, so it may recur.
func Walk(n Node, visit func(Node) bool) {
	if n == nil || !visit(n) {
		return
	}
	switch n := n.(type) {
	case Declaration:
		walkList(n.Head().Decorators, visit)
		walkOne(n.Head().Name, visit)
		walkDeclaration(n, visit)
	case Expr:
		walkExpr(n, visit)
	case TypeExpr:
		walkType(n, visit)
	case *Property:
		Walk(n.Key, visit)
		Walk(n.Value, visit)
	case *Decorator:
		Walk(n.Call, visit)
	case *FuncParam:
		walkOne(n.Name, visit)
		Walk(n.Type, visit)
	case *ImportItem:
		Walk(n.Name, visit)
		walkOne(n.Alias, visit)
	case *TupleItem:
		walkList(n.Decorators, visit)
		Walk(n.Type, visit)
	case *TypeProperty:
		walkList(n.Decorators, visit)
		Walk(n.Key, visit)
		Walk(n.Type, visit)
	}
}

// walkOne keeps a nil pointer from becoming a node.
func walkOne[P interface {
	*T
	Node
}, T any](n P, visit func(Node) bool) {
	if n != nil {
		Walk(n, visit)
	}
}

func walkList[N Node](list []N, visit func(Node) bool) {
	for _, n := range list {
		Walk(n, visit)
	}
}

func walkDeclaration(d Declaration, visit func(Node) bool) {
	switch d := d.(type) {
	case *TargetScopeDecl:
		Walk(d.Value, visit)
	case *MetadataDecl:
		Walk(d.Value, visit)
	case *ParamDecl:
		Walk(d.Type, visit)
		Walk(d.Default, visit)
	case *ParamAssignment:
		Walk(d.Value, visit)
	case *VarDecl:
		Walk(d.Type, visit)
		Walk(d.Value, visit)
	case *TypeDecl:
		Walk(d.Type, visit)
	case *FuncDecl:
		walkList(d.Params, visit)
		Walk(d.Result, visit)
		Walk(d.Body, visit)
	case *ResourceDecl:
		walkOne(d.Type, visit)
		Walk(d.Body, visit)
	case *ModuleDecl:
		walkOne(d.Path, visit)
		Walk(d.Body, visit)
	case *TestDecl:
		walkOne(d.Path, visit)
		Walk(d.Body, visit)
	case *OutputDecl:
		Walk(d.Type, visit)
		Walk(d.Value, visit)
	case *AssertDecl:
		Walk(d.Value, visit)
	case *ImportDecl:
		walkList(d.Items, visit)
		walkOne(d.Alias, visit)
		walkOne(d.Path, visit)
	case *ExtensionDecl:
		Walk(d.Spec, visit)
		walkOne(d.With, visit)
		walkOne(d.Alias, visit)
	case *UsingDecl:
		walkOne(d.Path, visit)
		walkOne(d.With, visit)
	case *ExtendsDecl:
		walkOne(d.Path, visit)
	case *ExtensionConfigDecl:
		walkOne(d.With, visit)
	}
}

func walkExpr(e Expr, visit func(Node) bool) {
	switch e := e.(type) {
	case *StringExpr:
		walkList(e.Holes, visit)
	case *ObjectExpr:
		walkList(e.Elements, visit)
	case *SpreadExpr:
		Walk(e.Value, visit)
	case *ArrayExpr:
		walkList(e.Items, visit)
	case *ForExpr:
		walkOne(e.Item, visit)
		walkOne(e.Index, visit)
		Walk(e.Collection, visit)
		Walk(e.Body, visit)
	case *IfExpr:
		Walk(e.Condition, visit)
		Walk(e.Body, visit)
	case *ParenExpr:
		Walk(e.Inner, visit)
	case *UnaryExpr:
		Walk(e.Operand, visit)
	case *BinaryExpr:
		Walk(e.Left, visit)
		Walk(e.Right, visit)
	case *TernaryExpr:
		Walk(e.Condition, visit)
		Walk(e.Then, visit)
		Walk(e.Else, visit)
	case *MemberExpr:
		Walk(e.Base, visit)
		walkOne(e.Name, visit)
	case *NestedExpr:
		Walk(e.Base, visit)
		walkOne(e.Name, visit)
	case *IndexExpr:
		Walk(e.Base, visit)
		Walk(e.Index, visit)
	case *NonNullExpr:
		Walk(e.Operand, visit)
	case *CallExpr:
		Walk(e.Base, visit)
		walkOne(e.Name, visit)
		walkList(e.Args, visit)
	case *LambdaExpr:
		walkList(e.Params, visit)
		Walk(e.Body, visit)
	}
}

func walkType(t TypeExpr, visit func(Node) bool) {
	switch t := t.(type) {
	case *NamedType:
		walkOne(t.Name, visit)
		walkList(t.Args, visit)
	case *MemberType:
		Walk(t.Base, visit)
		walkOne(t.Name, visit)
		walkList(t.Args, visit)
	case *ExtraType:
		Walk(t.Base, visit)
	case *ItemType:
		Walk(t.Base, visit)
		Walk(t.Index, visit)
	case *ArrayType:
		Walk(t.Item, visit)
	case *NullableType:
		Walk(t.Inner, visit)
	case *NonNullType:
		Walk(t.Inner, visit)
	case *ParenType:
		Walk(t.Inner, visit)
	case *UnionType:
		walkList(t.Members, visit)
	case *LiteralType:
		Walk(t.Value, visit)
	case *ResourceType:
		walkOne(t.Type, visit)
	case *TupleType:
		walkList(t.Items, visit)
	case *ObjectType:
		walkList(t.Properties, visit)
	}
}
