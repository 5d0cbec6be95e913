"""What the functions of all labs share; deployed as a Lambda layer, beside Powertools."""
